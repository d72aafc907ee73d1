// The line to the door is cut while a workflow runs; the page says so, and heals by itself.
import { ask, checked, run, told } from "./browser.mjs";

run(async ({ visit }) => {
  const page = await visit(told.key);
  await page.goto(`${told.url}/workflows/${told.workflow}`);
  await page.getByText("● Live").waitFor();
  await page.locator("li.job").first().waitFor();
  await ask("cut");
  await page.getByText("Connection lost").waitFor();
  await checked(page, "cut");
  await ask("cancel");
  await ask("mend");
  await page.getByText("● Live").waitFor();
  await page.locator("li.job.cancelled").first().waitFor();
});
