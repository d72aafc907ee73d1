// Pan and zoom over many cells: the page must not be blocked for long, wherever one looks.
import { assert, run, told } from "./browser.mjs";

const STEPS = [0, 3, 6, 9];

run(async ({ visit }) => {
  const page = await visit(told.key);
  await page.goto(`${told.url}/jobs/${told.job}/look`);
  await page.getByRole("img", { name: /Histogram of area/ }).waitFor();
  await page.evaluate(() => {
    window.blocked = [];
    const observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.blocked.push(Math.round(entry.duration));
    });
    observer.observe({ entryTypes: ["longtask"] });
  });
  const longest = [];
  for (const steps of STEPS) longest.push(Math.max(0, ...(await panned(page, steps))));
  console.log(`longest tasks in ms, after ${STEPS} steps of zoom: ${longest}`);
  assert.ok(Math.max(...longest) <= told.most, `blocked for ${longest} ms`);
});

/** Drag to and fro; how long tasks took that took more than 50 ms. */
async function panned(page, steps) {
  const stage = page.getByRole("application");
  await stage.focus();
  await page.keyboard.press("0");
  for (let at = 0; at < steps; at++) await page.keyboard.press("+");
  const { x, y, width, height } = await stage.boundingBox();
  await page.evaluate(() => (window.blocked.length = 0));
  for (let at = 0; at < 6; at++) {
    const [from, to] = at % 2 ? [0.3, 0.7] : [0.7, 0.3];
    await page.mouse.move(x + from * width, y + from * height);
    await page.mouse.down();
    await page.mouse.move(x + to * width, y + to * height, { steps: 30 });
    await page.mouse.up();
    await page.mouse.move(x + 0.5 * width, y + 0.5 * height, { steps: 10 });
  }
  await page.waitForFunction(() => /x=/.test(location.hash));
  return page.evaluate(() => window.blocked.splice(0));
}
