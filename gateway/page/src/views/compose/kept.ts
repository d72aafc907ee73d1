/** A draft outlives a reload, not the browser's tab, and not a sign-out. */

import { type Draft, EMPTY } from "./draft";

const KEPT = "slideloom-draft";

export function keptDraft(): Draft {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null") as Draft | null;
    return kept && Array.isArray(kept.branches) ? kept : EMPTY;
  } catch {
    return EMPTY;
  }
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
