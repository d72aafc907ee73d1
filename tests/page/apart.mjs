// Two tenants side by side: each sees their own, and nothing of the other.
import { assert, checked, run, told } from "./browser.mjs";

run(async ({ visit }) => {
  const [alice, bob] = [await visit(told.keys.alice), await visit(told.keys.bob)];
  for (const [page, own, others] of [[alice, "of-alice.png", "of-bob.png"], [bob, "of-bob.png", "of-alice.png"]]) {
    await page.getByRole("heading", { name: own }).waitFor();
    assert.equal(await page.getByText(others).count(), 0);
  }
  const at = await submit(alice, "of-alice.png");
  await bob.goto(at);
  await bob.getByRole("heading", { name: "There is no such workflow" }).waitFor();
  await checked(bob, "nothing");
  await bob.getByRole("link", { name: "To all workflows" }).click();
  await bob.getByRole("heading", { name: "No workflows yet" }).waitFor();
  const bar = await bob.getByRole("contentinfo").innerText();
  assert.doesNotMatch(bar, /alice/);
  await alice.getByRole("button", { name: "Cancel workflow" }).click();
  await alice.getByRole("button", { name: "Cancel the workflow" }).click();
  await alice.locator(".head .pill.cancelled").waitFor();
});

async function submit(page, slide) {
  await page.getByRole("link", { name: `Segment cells of ${slide}` }).click();
  await page.getByLabel("µm per pixel").fill("0.5");
  await page.getByLabel("µm per pixel").press("Tab");
  await page.getByRole("button", { name: "Submit" }).click();
  await page.getByRole("heading", { name: `Cells of ${slide}` }).waitFor();
  return page.url();
}
