// Look while the job is at work: what has been found is shown, and more as it comes.
import { ask, assert, checked, run, told } from "./browser.mjs";

run(async ({ visit }) => {
  const page = await visit(told.key);
  const versions = new Set();
  page.on("response", (answer) => {
    const version = /overlay\/\d+\/.*\?v=(.*)$/.exec(answer.url());
    if (version && answer.ok()) versions.add(version[1]);
  });
  await page.goto(`${told.url}/jobs/${told.job}/look`);
  await page.getByText("Queued.").waitFor();
  await page.getByRole("region", { name: "Download" }).getByText("Here once the job has ended.").waitFor();
  await checked(page, "look-queued");

  await ask("segment");
  await page.getByText("Running.").waitFor();
  await page.goto(`${told.url}/jobs/${told.job}/look#x=${told.x}&y=${told.y}&z=1`);
  await page.getByText("Cells in view", { exact: true }).waitFor();
  const some = await inView(page);
  assert.ok(some > 0);
  assert.equal(await page.getByText("µm per pixel not known").count(), 0); // only the job says it
  await checked(page, "look-running");

  const seen = versions.size;
  await ask("finish");
  await page.getByText("these are all its cells").waitFor();
  await page.getByRole("link", { name: "Cells for QuPath" }).waitFor();
  await page.getByRole("img", { name: /Histogram of area/ }).waitFor();
  assert.equal(await page.getByText("Running.").count(), 0);
  await page.waitForFunction((before) => window.inView() > before, some);
  while (versions.size <= seen) await page.waitForEvent("response");
});

/** How many cells the page says are in view. */
async function inView(page) {
  await page.evaluate(() => {
    window.inView = () => {
      const name = [...document.querySelectorAll(".look-list dt")].find((each) => each.textContent === "Cells in view");
      return Number(name?.nextElementSibling.textContent.replaceAll(",", "") ?? 0);
    };
  });
  await page.waitForFunction(() => window.inView() > 0);
  return page.evaluate(() => window.inView());
}
