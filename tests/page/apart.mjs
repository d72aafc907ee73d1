// Two tenants side by side: each sees their own, and nothing of the other.
import { assert, checked, run, told } from "./browser.mjs";

run(async ({ visit }) => {
  const [alice, bob] = [await visit(told.keys.alice), await visit(told.keys.bob)];
  for (const [page, own, others] of [[alice, "of-alice.png", "of-bob.png"], [bob, "of-bob.png", "of-alice.png"]]) {
    await page.getByRole("heading", { name: own }).waitFor();
    assert.equal(await page.getByText(others).count(), 0);
  }
  const at = `${told.url}/workflows/${told.workflow}`;
  await bob.goto(at);
  await bob.getByRole("heading", { name: "There is no such workflow" }).waitFor();
  await checked(bob, "nothing");
  await bob.getByRole("link", { name: "To all workflows" }).click();
  await bob.getByRole("heading", { name: "No workflows yet" }).waitFor();
  await bob.getByRole("contentinfo").getByText("Yours: 0 running, 0 queued").waitFor();
  assert.doesNotMatch(await bob.locator("body").innerText(), /alice/);
  await cancelAndRetry(alice, at);
});

async function cancelAndRetry(page, at) {
  await page.goto(at);
  const last = page.locator("li.job").last();
  await last.getByRole("button", { name: "Cancel" }).click();
  await last.and(page.locator(".cancelled")).waitFor();
  await last.getByRole("button", { name: "Retry" }).click();
  await last.and(page.locator(".pending")).waitFor();
  await page.getByRole("button", { name: "Cancel workflow" }).click();
  await checked(page, "sure");
  await page.getByRole("button", { name: "Cancel the workflow" }).click();
  await page.locator(".head .pill.cancelled").waitFor();
  await last.and(page.locator(".cancelled")).waitFor();
  assert.equal(await page.getByRole("button", { name: "Retry" }).count(), 0);
}
