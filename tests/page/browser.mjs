// What all scripts of this folder need: a browser, views checked by axe, pictures, a way to ask.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";

const require = createRequire(join(process.cwd(), "package.json"));
const { chromium } = require("playwright-core");
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const PATIENCE_MS = 60_000;
export const told = JSON.parse(process.env.TOLD);

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** Have the test do something; gives when it is done. */
export async function ask(what) {
  console.log(`ask ${what}`);
  assert.equal((await answers.next()).value, what);
}

/** Run a script; whatever goes wrong in a page or is asked of another address is a failure. */
export async function run(script) {
  const browser = await chromium.launch({ executablePath: told.browser, headless: true, args: FLAGS });
  const troubles = [];
  try {
    await script({ visit: (key) => visit(browser, key, troubles) });
    assert.deepEqual(troubles, []);
  } finally {
    await browser.close();
  }
  process.exit(0);
}

/** A new visitor, with cookies of their own, who signs in if they have a key. */
async function visit(browser, key, troubles) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, acceptDownloads: true });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.on("pageerror", (error) => troubles.push(String(error)));
  page.on("request", (request) => {
    const url = new URL(request.url());
    const ours = ["data:", "blob:"].includes(url.protocol) || url.host === new URL(told.url).host;
    if (!ours) troubles.push(`asked of another address: ${url}`);
  });
  page.on("console", (message) => {
    if (/Content Security Policy/i.test(message.text())) troubles.push(message.text());
  });
  await page.goto(told.url);
  if (key) await signIn(page, key);
  return page;
}

export async function signIn(page, key) {
  await page.getByLabel("Your key").fill(key);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("navigation", { name: "Main" }).waitFor();
}

/** The view as it is must have no finding of axe, in light and in dark; with a picture of each. */
export async function checked(page, name) {
  for (const colorScheme of ["dark", "light"]) {
    await page.emulateMedia({ colorScheme });
    await page.evaluate(AXE);
    const found = await page.evaluate((rules) => window.axe.run(document, { runOnly: rules }), RULES);
    const said = found.violations.map((each) => `${each.impact} ${each.id}: ${each.nodes.map((node) => node.target)}`);
    assert.deepEqual(said, [], `axe, ${name}, ${colorScheme}`);
    if (told.shots) {
      await page.evaluate(() => window.scrollTo(0, 0));
      mkdirSync(told.shots, { recursive: true });
      const [type, ending] = name.startsWith("look") ? ["jpeg", "jpg"] : ["png", "png"];
      await page.screenshot({ path: join(told.shots, `page-${name}-${colorScheme}.${ending}`), type });
    }
  }
}

/** Choose files, as if by the button. */
export async function upload(page, ...files) {
  await page.locator('input[type="file"]').setInputFiles(files);
}

export { assert };
