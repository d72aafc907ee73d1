// The whole path: sign in, upload, compose, watch, take the files home, look.
import { ask, assert, checked, run, signIn, told, upload } from "./browser.mjs";

run(async ({ visit }) => {
  const page = await visit(null);
  await refusedAtTheDoor(page);
  await signIn(page, told.key);
  await uploadSlides(page);
  await compose(page);
  await watch(page);
  await takeHome(page);
  await look(page);
  await leave(page);
  await readTheApi(page);
});

async function refusedAtTheDoor(page) {
  await page.getByLabel("Your key").fill("sl_not_a_key");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").getByText("does not open the door").waitFor();
  await checked(page, "signin");
}

async function uploadSlides(page) {
  await page.getByRole("heading", { name: "Drop a slide here" }).waitFor();
  await checked(page, "empty");

  await upload(page, told.noSlide);
  const refused = page.getByRole("listitem").filter({ hasText: "Not taken" });
  assert.ok((await refused.getByRole("alert").innerText()).length > 20);
  await refused.getByRole("button", { name: "Dismiss" }).click();

  await ask("hold");
  await upload(page, told.slide);
  const row = page.getByRole("list", { name: "Uploads" }).getByRole("listitem");
  await row.getByText("Uploading").waitFor();
  await row.getByRole("button", { name: "Pause" }).click();
  await row.getByText("Paused").waitFor();
  await checked(page, "upload");
  await ask("release");
  await row.getByRole("button", { name: "Resume" }).click();

  const card = page.getByRole("list", { name: "Your slides" }).getByRole("listitem");
  await card.getByText("1,200 × 900 px").waitFor();
  await card.getByText("does not say how large a pixel is").waitFor();
  await card.getByRole("button", { name: "20×: 0.5" }).click();
  await card.getByRole("button", { name: "Save" }).click();
  await card.getByText("0.5 µm/px (stated by you)").waitFor();
  await card.getByRole("button", { name: "Rename" }).click();
  await card.getByLabel("Name").fill("biopsy 17");
  await page.keyboard.press("Enter");
  await card.getByRole("heading", { name: "biopsy 17" }).waitFor();
  await card.locator("img").evaluate((image) => image.decode());
  await checked(page, "slides");
}

async function compose(page) {
  await page.getByRole("link", { name: "Segment cells of biopsy 17" }).click();
  const cells = page.getByRole("region", { name: "Branch cells" });
  await cells.getByRole("button", { name: "1 Segment cells" }).waitFor();

  await page.getByRole("button", { name: "+ Add branch" }).click();
  const second = page.getByRole("region", { name: "Branch branch 2" });
  await second.getByRole("button", { name: "Segment cells to branch 2" }).click();
  await page.getByLabel("Slide").selectOption({ label: "biopsy 17 (1,200 × 900 px)" });
  await second.getByRole("button", { name: "Tissue mask to branch 2" }).click();
  await second.getByRole("button", { name: "2 Tissue mask" }).focus();
  await page.keyboard.press("Alt+ArrowLeft");
  await second.getByRole("button", { name: "1 Tissue mask" }).waitFor();
  assert.match(await page.evaluate(() => document.activeElement.innerText), /Tissue mask/);
  await dragBack(page, second);

  await second.getByText("Starts at once").click();
  await second.getByRole("checkbox", { name: "cells" }).check();
  await second.getByText("After cells").click();
  assert.equal(await page.locator("svg.arrows path.arrow").count(), 1);
  await cells.getByText("Starts at once").click();
  assert.ok(await cells.getByRole("checkbox", { name: "branch 2" }).isDisabled());
  await cells.getByText("Starts at once").click();
  await refusedAtTheCard(page, second);

  await page.getByText("Spec as YAML").click();
  const spec = await page.getByLabel("Spec as YAML").innerText();
  assert.match(spec, /needs: \[cells\]\n {4}jobs:\n {6}- kind: tissue_mask/);
  await page.getByText("Spec as YAML").click();
  await checked(page, "compose");
  await page.getByRole("button", { name: "Submit" }).click();
}

/** By the mouse: the second card before the first, and that one back again. */
async function dragBack(page, lane) {
  for (const first of ["Segment cells", "Tissue mask"]) {
    const from = await lane.locator("[data-job]").nth(1).boundingBox();
    const to = await lane.locator("[data-job]").nth(0).boundingBox();
    await page.mouse.move(from.x + 60, from.y + 20);
    await page.mouse.down();
    await page.mouse.move(to.x + 30, to.y + 20, { steps: 5 });
    await page.mouse.up();
    await lane.getByRole("button", { name: `1 ${first}` }).waitFor();
  }
}

async function refusedAtTheCard(page, lane) {
  const job = lane.getByRole("button", { name: "2 Segment cells" });
  await job.click();
  await page.getByText("More parameters").click();
  await page.getByLabel("Overlap").fill("8192");
  await page.getByLabel("Overlap").press("Tab");
  await page.getByRole("button", { name: "Submit" }).click();
  await job.getByText("must be at most half of tile_size").waitFor();
  await checked(page, "refused");
  await page.getByLabel("Overlap").fill("");
  await page.getByLabel("Overlap").press("Tab");
}

async function watch(page) {
  await page.getByRole("heading", { name: "Cells of biopsy 17" }).waitFor();
  await page.getByText("● Live").waitFor();
  const second = page.getByRole("region", { name: "Branch branch 2" });
  await second.getByText("A branch that its branch needs has not succeeded yet.").first().waitFor();
  await page.getByRole("contentinfo").getByText("tenant places taken").waitFor();
  await checked(page, "watch");
  const jobs = page.locator("li.job");
  await page.waitForFunction(() => document.querySelectorAll("li.job.succeeded").length === 3, null, { timeout: 180_000 });
  assert.equal(await jobs.count(), 3);
  for (const job of await jobs.all()) await job.getByText("biopsy 17", { exact: true }).waitFor();
  await page.getByText("3 of 3 jobs ended").waitFor();
  await page.locator(".head .pill.succeeded").waitFor();
  await checked(page, "done");
}

async function takeHome(page) {
  await page.getByRole("button", { name: "Files: Segment cells 1 of cells" }).click();
  const dialog = page.getByRole("dialog");
  const file = dialog.getByRole("link", { name: /geojson/ }).first();
  await file.waitFor();
  await checked(page, "files");
  const [download] = await Promise.all([page.waitForEvent("download"), file.click()]);
  assert.match(download.suggestedFilename(), /geojson/);
  assert.equal(await download.failure(), null);
  await dialog.getByRole("button", { name: "Close" }).click();
}

/** Every nucleus, one click from the job; and back again. */
async function look(page) {
  await page.getByRole("link", { name: "Look: Segment cells 1 of cells" }).click();
  await page.getByRole("region", { name: "Summary" }).getByText("Density", { exact: true }).waitFor();
  await page.getByRole("region", { name: "Download" }).getByRole("link", { name: "Cells for QuPath" }).waitFor();
  await page.getByRole("heading", { level: 1, name: "biopsy 17" }).waitFor();
  await page.goBack();
  await page.getByText("3 of 3 jobs ended").waitFor();
}

async function leave(page) {
  await page.getByRole("link", { name: "Workflows", exact: true }).click();
  await page.getByRole("link", { name: "Cells of biopsy 17" }).waitFor();
  await checked(page, "history");
  await page.getByRole("link", { name: "Slides", exact: true }).click();
  await page.getByRole("button", { name: "Delete biopsy 17" }).click();
  await page.getByRole("button", { name: "Delete the slide" }).click();
  await page.getByRole("heading", { name: "Drop a slide here" }).waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Your key").waitFor();
  await page.goBack();
  await page.reload();
  await page.getByLabel("Your key").waitFor();
}

/** Swagger UI under its policy, with nothing from elsewhere; `run` sees to both. */
async function readTheApi(page) {
  await page.goto(`${told.url}/docs`);
  const submit = page.locator(".opblock-post").filter({ hasText: "/api/v1/workflows" }).first();
  await submit.click();
  await submit.getByText("Submit a workflow, as JSON or YAML.").waitFor();
}
