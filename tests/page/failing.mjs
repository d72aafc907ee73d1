// A slide that is broken: what the page says, and what can be done.
import { assert, checked, run, told } from "./browser.mjs";

run(async ({ visit }) => {
  const page = await visit(told.key);
  await page.getByRole("link", { name: "Segment cells of broken.png" }).click();
  await page.getByLabel("µm per pixel").fill("0.5");
  await page.getByLabel("µm per pixel").press("Tab");
  await page.getByRole("button", { name: "Submit" }).click();
  await page.getByRole("heading", { name: "Cells of broken.png" }).waitFor();
  await page.locator(".head .pill.failed").waitFor();
  const alert = page.getByRole("alert").first();
  assert.match(await alert.innerText(), /broken\.png/);
  assert.doesNotMatch(await page.locator("main").innerText(), new RegExp(told.secret));
  await page.getByText("No jobs were made.").waitFor();
  await checked(page, "failed");
  await page.getByRole("button", { name: "Compose again" }).click();
  await page.getByRole("button", { name: "1 Segment cells" }).waitFor();
});
