/** Parts that several views use: messages, questions, states. */

import { Refused } from "./api";
import { button, type Child, fill, freshId, h } from "./dom";
import type { JobState } from "./types";

/** What an error says to people. */
export function said(error: unknown): string {
  if (error instanceof Refused) {
    const wait = error.retryAfter;
    return wait ? `${error.message} (again in ${wait} s)` : error.message;
  }
  return error instanceof Error ? error.message : String(error);
}

/** A message in the flow of the page; `bad` ones are read out at once. */
export function notice(kind: "bad" | "wait" | "good", children: Child[] | Child): HTMLElement {
  return h("div", { class: `notice ${kind}`, role: kind === "bad" ? "alert" : "status" }, children);
}

const TOLD_MS = 6000;

/** A short message at the edge of the page, which goes away by itself. */
export function tell(text: string, kind: "bad" | "good" = "good"): void {
  let place = document.getElementById("told");
  if (!place) {
    place = h("div", { id: "told", role: "status", "aria-live": "polite" });
    document.body.append(place);
  }
  for (const earlier of [...place.children]) if (earlier.textContent === text) earlier.remove();
  const message = h("div", { class: `told ${kind}` }, text);
  place.append(message);
  setTimeout(() => message.remove(), TOLD_MS);
}

/** Do something; where it is refused, say why. */
export async function attempt(act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    tell(said(error), "bad");
  }
}

type Heading = "h1" | "h2";

/** Nothing is here: what to do about it. With `h1` it is all that the page shows. */
export function empty(
  title: string,
  text: Child[] | Child,
  actions: Child[] = [],
  heading: Heading = "h2",
): HTMLElement {
  return h("section", { class: "empty" }, [
    h(heading, {}, title),
    h("p", { class: "muted" }, text),
    actions.length > 0 && h("div", { class: "row centred" }, actions),
  ]);
}

/** Something could not be loaded: why, and a way to try again. */
export function failed(error: unknown, again: () => void, heading: Heading = "h2"): HTMLElement {
  return h("section", { class: "empty" }, [
    h(heading, {}, "This could not be loaded"),
    h("p", { role: "alert" }, said(error)),
    h("div", { class: "row centred" }, button("Try again", again)),
  ]);
}

export function loading(what: string): HTMLElement {
  return h("p", { class: "muted loading", role: "status" }, `Loading ${what} …`);
}

/** Ask before something that cannot be undone. */
export function confirmed(title: string, text: string, yes: string): Promise<boolean> {
  return new Promise((resolve) => {
    const name = freshId("dialog");
    const dialog = h("dialog", { "aria-labelledby": name, class: "dialog" });
    const end = (answer: boolean): void => {
      dialog.close();
      dialog.remove();
      resolve(answer);
    };
    const keep = button("Keep it", () => end(false), { autofocus: true });
    fill(dialog, [
      h("h2", { id: name }, title),
      h("p", {}, text),
      h("div", { class: "row end" }, [keep, button(yes, () => end(true), { class: "button danger" })]),
    ]);
    dialog.addEventListener("cancel", () => end(false));
    document.body.append(dialog);
    dialog.showModal();
  });
}

const SIGNS: Record<JobState, [string, string]> = {
  PENDING: ["◷", "Waiting"],
  RUNNING: ["▶", "Running"],
  SUCCEEDED: ["✓", "Done"],
  FAILED: ["✕", "Failed"],
  CANCELLED: ["⊘", "Cancelled"],
  SKIPPED: ["↷", "Skipped"],
};

/** The state of a job or workflow, by sign, word and colour. */
export function pill(state: JobState): HTMLElement {
  const [sign, word] = SIGNS[state];
  return h("span", { class: `pill ${state.toLowerCase()}` }, [
    h("span", { "aria-hidden": "true" }, sign),
    ` ${word}`,
  ]);
}

/** A bar with a name; `done` of `total`. */
export function bar(name: string, done: number, total: number): HTMLElement {
  return h("progress", { "aria-label": name, value: done, max: Math.max(total, 1) });
}

export async function copy(text: string): Promise<void> {
  await navigator.clipboard.writeText(text);
  tell("Copied");
}
