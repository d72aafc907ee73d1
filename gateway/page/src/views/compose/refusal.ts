/** Where in a draft a refusal of the server belongs. Pure. */

import type { Draft, Flaw } from "./draft";

const PLACE = /branch (?:'([^']*)'|"([^"]*)"|(\d+))(?:, job (\d+))?(?:, ([a-z_]+))?: (.*)/s;

/** The refusal at the card that it names; without a name, at all that hold the slide it names. */
export function placed(draft: Draft, message: string): Flaw[] {
  const parts = message.split("; ");
  return parts.flatMap((part) => placedOne(draft, part));
}

function placedOne(draft: Draft, message: string): Flaw[] {
  const found = PLACE.exec(message);
  if (found) {
    const name = found[1] ?? found[2];
    const branch =
      name !== undefined
        ? draft.branches.find((each) => each.name.trim() === name)
        : draft.branches[Number(found[3]) - 1];
    const job = found[4] ? branch?.jobs[Number(found[4]) - 1] : undefined;
    const text = found[5] ? `${found[5]}: ${found[6]}` : (found[6] ?? message);
    if (branch) return [{ branch: branch.id, job: job?.id ?? null, text }];
  }
  const named = draft.branches.flatMap((branch) =>
    branch.jobs
      .filter((job) => names(message, job.values))
      .map((job) => ({ branch: branch.id, job: job.id, text: message })),
  );
  return named.length > 0 ? named : [{ branch: null, job: null, text: message }];
}

/** Whether a message names one of the values that say where something is. */
function names(message: string, values: Record<string, unknown>): boolean {
  return ["slide", "model", "tissue"].some((name) => {
    const value = values[name];
    return typeof value === "string" && value.length > 3 && message.includes(value);
  });
}
