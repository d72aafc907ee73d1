/** What is said of a job, and of what is missing. */

import type { Refused } from "../api";
import type { JobState } from "../types";
import type { Progress } from "./follow";
import { count, sentence } from "../format";
import { hasEnded } from "../views/watch/live";

const ENDED: Partial<Record<JobState, string>> = {
  FAILED:
    "This job has failed. What it had found until then is shown; its workflow says why, and can retry it.",
  CANCELLED:
    "This job was cancelled. What it had found until then is shown; its workflow can retry it.",
  SKIPPED: "This job was skipped, because one that it needs did not succeed. Look at its workflow.",
};

/** One line about a job that is not finished; empty: it is. */
export function stateWords({ state, tiles, waits }: Progress): string {
  if (state === "SUCCEEDED") return "";
  if (hasEnded(state)) return ENDED[state] ?? "";
  const waiting = waits ? ` ${waits}` : "";
  if (state === "PENDING") return `Queued.${waiting} Cells appear as soon as tiles are done.`;
  if (!tiles) return `Running.${waiting} Cells appear as soon as tiles are done.`;
  const { done, total } = tiles;
  const share = total ? ` (${Math.floor((100 * done) / total)} %)` : "";
  return `Provisional: ${count(done)} of ${count(total)} tiles are done${share}.${waiting}`;
}

export function stateKind(state: JobState): "busy" | "wait" | "bad" {
  return state === "RUNNING" ? "busy" : state === "PENDING" ? "wait" : "bad";
}

/** Why there is no outline of the tissue. */
export function tissueWords(hasResult: boolean, { state }: Progress): string {
  if (hasResult) return "The whole slide was taken for tissue.";
  return hasEnded(state) ? "This job has left no outline." : "Known once the job has ended.";
}

/** Why there is no layer of cells, and what to do; null: that will come by itself. */
export function cellsWords(refused: Refused): string | null {
  if (refused.code === "not_begun") return null;
  if (refused.code === "no_cells") return "Jobs of this kind find tissue, no cells.";
  return `The cells cannot be shown: ${continued(refused.message)}`;
}

export function baseWords(refused: Refused): string {
  return `The slide cannot be shown: ${continued(refused.message)}`;
}

/** Why there are no files, and no figures out of them. */
export function filesWords(state: JobState): string {
  if (state === "SUCCEEDED") {
    return "The result has been removed. Submit the workflow again to make it anew.";
  }
  if (hasEnded(state)) return "This job has left no result. Retry it from its workflow.";
  return "Here once the job has ended.";
}

/** A message as the end of a sentence. */
function continued(text: string): string {
  const whole = sentence(text);
  return whole.charAt(0).toLowerCase() + whole.slice(1);
}
