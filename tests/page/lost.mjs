// The line breaks while somebody looks, and comes back.
import { ask, checked, run, told } from "./browser.mjs";

run(async ({ visit }) => {
  const page = await visit(told.key);
  await page.goto(`${told.url}/jobs/${told.job}/look`);
  await page.getByRole("img", { name: /Histogram of area/ }).waitFor();
  await page.waitForLoadState("networkidle");
  await ask("cut");
  await page.getByRole("application").focus();
  for (let at = 0; at < 6; at++) await page.keyboard.press("+");
  await page.getByText("The connection is lost.").waitFor();
  await checked(page, "look-lost");
  const tile = page.waitForResponse((answer) => /overlay\/\d+/.test(answer.url()) && answer.ok());
  await ask("mend");
  await page.getByText("The connection is there again.").waitFor();
  await tile;
  await page.getByText("Cells in view", { exact: true }).waitFor();
});
