/** A draft outlives a reload, not the browser's tab, and not a sign-out. */

import { type Draft, EMPTY } from "./draft";

const KEPT = "slideloom-draft";
const SENT = "slideloom-sent-";

export function keptDraft(): Draft {
  return stored(KEPT) ?? EMPTY;
}

/** The draft from which a workflow was made in this tab. */
export function sentDraft(workflow: string): Draft | null {
  return stored(SENT + workflow);
}

/** It was submitted: the next draft begins empty, and this one can be changed and sent again. */
export function keepSent(workflow: string, draft: Draft): void {
  sessionStorage.setItem(SENT + workflow, JSON.stringify(draft));
  keep(EMPTY);
}

function stored(name: string): Draft | null {
  const kept = JSON.parse(sessionStorage.getItem(name) ?? "null") as Draft | null;
  return kept && Array.isArray(kept.branches) ? kept : null;
}

export function keep(draft: Draft): void {
  sessionStorage.setItem(KEPT, JSON.stringify(draft));
}

/** Sent twice, the same spec is one workflow. */
export class Keys {
  private of = "";
  private key = "";

  for(spec: unknown): string {
    const text = JSON.stringify(spec);
    if (text !== this.of) {
      this.of = text;
      this.key = fresh();
    }
    return this.key;
  }
}

function fresh(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((each) => each.toString(16).padStart(2, "0")).join("");
}
