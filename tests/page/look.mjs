// Look at a finished result: near and far, by mouse and by keys, and take a link and files home.
import { assert, checked, run, told } from "./browser.mjs";

const AT = `${told.url}/jobs/${told.job}/look`;
const API = `${told.url}/api/v1/jobs/${told.job}`;

run(async ({ visit }) => {
  const page = await visit(told.key);
  await far(page);
  const cell = await aCell(page);
  await near(page, cell);
  await layers(page);
  await byKeys(page, cell);
  await takeHome(page);
  await nothingThere(page);
});

/** The slide, and where the cells are dense. */
async function far(page) {
  const [base, cells] = [/tiles\/\d+\/\d+_\d+\.jpeg\?/, /overlay\/\d+\/\d+_\d+\.png\?v=/];
  const pictures = [base, cells].map((url) => page.waitForResponse((answer) => url.test(answer.url()) && answer.ok()));
  await page.goto(AT);
  await Promise.all(pictures);
  await page.getByRole("heading", { level: 1, name: told.slide }).waitFor();
  await page.locator(".look-scale").filter({ hasText: /\d (µm|mm)/ }).filter({ hasText: "×" }).waitFor();
  const figures = page.getByRole("region", { name: "Summary" });
  await figures.getByText("Density", { exact: true }).waitFor();
  await figures.getByRole("img", { name: /Histogram of area/ }).waitFor();
  await figures.getByLabel("Measure").selectOption({ label: "Solidity" });
  await figures.getByRole("img", { name: /Histogram of solidity/ }).waitFor();
  await figures.getByLabel("Measure").selectOption({ label: "Area (µm²)" });
  await page.waitForLoadState("networkidle");
  await checked(page, "look-far");
}

/** Some cell in the middle of the slide. */
async function aCell(page) {
  const answer = await page.request.get(`${API}/cells?bbox=${told.middle}`);
  const { cells } = await answer.json();
  return cells.reduce((best, cell) => (cell.area_um2 > best.area_um2 ? cell : best));
}

/** A link to a place goes there; the cell in the middle is under the pointer. */
async function near(page, { id, centroid: [x, y] }) {
  await page.goto("about:blank");
  await page.goto(`${AT}#x=${Math.round(x)}&y=${Math.round(y)}&z=4`);
  const card = page.getByRole("region", { name: "Cell" });
  await page.getByText("Cells in view", { exact: true }).waitFor();
  const { x: left, y: top, width, height } = await page.getByRole("application").boundingBox();
  await page.mouse.move(left + width / 2 + 1, top + height / 2);
  await card.getByText(id).waitFor();
  await card.getByText("Under the pointer").waitFor();
  await page.mouse.click(left + width / 2, top + height / 2);
  await page.mouse.move(left + width + 20, top + height / 2);
  await card.getByText("Selected").waitFor();
  await card.getByText(/µm²/).waitFor();
  await page.waitForURL(new RegExp(`cell=${id}`));
  await checked(page, "look-near");
  await page.reload();
  await card.getByText(id).waitFor();
}

/** Each layer can be switched and faded; the link remembers. */
async function layers(page) {
  for (const name of ["Slide", "Cells", "Tissue"]) {
    const box = page.getByRole("checkbox", { name, exact: false });
    const before = await box.isChecked();
    await box.click();
    assert.equal(await box.isChecked(), !before);
    await box.click();
  }
  const slider = page.getByRole("slider", { name: "Opacity: Cells" });
  await slider.focus();
  await page.keyboard.press("ArrowLeft");
  await page.waitForURL(/l=s100\.c95\./);
  await page.getByRole("checkbox", { name: "Tissue" }).check();
  await page.waitForURL(/t60/);
  await page.reload();
  assert.equal(await slider.inputValue(), "95");
  assert.ok(await page.getByRole("checkbox", { name: "Tissue" }).isChecked());
}

async function byKeys(page, { id }) {
  const card = page.getByRole("region", { name: "Cell" });
  await card.getByText(id).waitFor();
  await page.getByRole("application").focus();
  await page.keyboard.press("Escape");
  await card.getByText("Point at a cell").waitFor();
  await page.keyboard.press("Enter");
  await card.getByText(id).waitFor();
  const before = page.url();
  await page.keyboard.press("ArrowRight");
  await page.waitForURL((url) => url.href !== before);
  await page.keyboard.press("c");
  assert.equal(await page.getByRole("checkbox", { name: "Cells" }).isChecked(), false);
  await page.keyboard.press("b");
  assert.ok(await page.getByRole("checkbox", { name: "Cells" }).isChecked());
  await page.keyboard.press("?");
  const help = page.getByRole("dialog", { name: "Keys" });
  await help.getByText("Move the slide").waitFor();
  await checked(page, "look-keys");
  await page.keyboard.press("Escape");
  await help.waitFor({ state: "hidden" });
  await page.getByRole("application").focus();
  await page.keyboard.press("0");
  await card.getByText(/µm²/).waitFor();
}

async function takeHome(page) {
  const files = page.getByRole("region", { name: "Download" });
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    files.getByRole("link", { name: "Cells for QuPath" }).click(),
  ]);
  assert.equal(download.suggestedFilename(), "cells.geojson.gz");
  assert.equal(await download.failure(), null);
  for (const name of ["Cells as a table", "Summary", "Slide with cells", "Tissue outline"]) {
    await files.getByRole("link", { name, exact: true }).waitFor();
  }
  await page.setViewportSize({ width: 820, height: 1180 });
  await checked(page, "look-tablet");
  await page.setViewportSize({ width: 1280, height: 800 });
}

/** Others' jobs are as little there as those that never were. */
async function nothingThere(page) {
  for (const job of told.nothing) {
    await page.goto(`${told.url}/jobs/${job}/look`);
    await page.getByRole("heading", { name: "There is no such job" }).waitFor();
  }
  await checked(page, "look-nothing");
}
