/** What the socket of a workflow says, and what follows from it. Pure. */

import type { ErrorOut, JobOut, JobState, Reason, TilesOut, WorkflowDetailOut, WorkflowOut } from "../../types";
import { sentence } from "../../format";

export type Message = { seq: number } & (
  | { type: "snapshot"; resync: boolean; workflow: WorkflowDetailOut | null; job: JobOut | null }
  | { type: "state"; job: JobOut }
  | { type: "workflow"; workflow: WorkflowOut; error: ErrorOut | null }
  | { type: "progress"; job: string; tiles: TilesOut | null; waits: string | null }
  | { type: "reason"; job: string; reason: Reason | null; waits: string | null }
  | { type: "ended"; what: "workflow" | "job"; id: string; state: JobState }
  | { type: "removed"; what: "workflow" | "job"; id: string }
  | { type: "heartbeat" }
);

/** What is known of the workflow; null before the first snapshot. */
export interface Known {
  workflow: WorkflowDetailOut | null;
  removed: boolean;
}

export const NOTHING: Known = { workflow: null, removed: false };

/** What is known after a message. */
export function after(known: Known, message: Message): Known {
  if (message.type === "snapshot") return { ...known, workflow: message.workflow };
  if (message.type === "removed" && message.what === "workflow") return { ...known, removed: true };
  const { workflow } = known;
  if (!workflow) return known;
  switch (message.type) {
    case "state":
      return { ...known, workflow: withJob(workflow, message.job) };
    case "workflow":
      return { ...known, workflow: { ...workflow, ...message.workflow, error: message.error } };
    case "progress": {
      const { tiles, waits } = message;
      return { ...known, workflow: changed(workflow, message.job, { tiles, waits }) };
    }
    case "reason": {
      const { reason, waits } = message;
      return { ...known, workflow: changed(workflow, message.job, { reason, waits }) };
    }
    default:
      return known;
  }
}

/** The job at its place, whether it was there before or not. */
function withJob(workflow: WorkflowDetailOut, job: JobOut): WorkflowDetailOut {
  const branches = workflow.branches.map((branch) => {
    if (branch.name !== job.branch) return branch;
    const others = branch.jobs.filter((each) => each.id !== job.id);
    return { ...branch, jobs: [...others, job].sort((a, b) => a.number - b.number) };
  });
  return { ...workflow, branches };
}

function changed(workflow: WorkflowDetailOut, job: string, change: Partial<JobOut>): WorkflowDetailOut {
  const branches = workflow.branches.map((branch) => {
    if (!branch.jobs.some((each) => each.id === job)) return branch;
    const jobs = branch.jobs.map((each) => (each.id === job ? { ...each, ...change } : each));
    return { ...branch, jobs };
  });
  return { ...workflow, branches };
}

export function jobsOf(workflow: WorkflowDetailOut): JobOut[] {
  return workflow.branches.flatMap((branch) => branch.jobs);
}

export function hasEnded(state: JobState): boolean {
  return state !== "PENDING" && state !== "RUNNING";
}

/** Why a job waits, as a sentence; empty: it does not. */
export function whyWaiting({ state, waits }: Pick<JobOut, "state" | "waits">): string {
  if (hasEnded(state)) return "";
  if (waits) return sentence(waits);
  return state === "PENDING" ? "Queued: the scheduler has not looked at it yet." : "";
}
