/** What the socket of a workflow says, and what follows from it. Pure. */

import type { JobOut, JobState, Reason, WorkflowDetailOut } from "../../types";

export interface LiveJob {
  id: string;
  workflow: string;
  branch: string;
  number: number;
  kind: string;
  slide: string;
  state: JobState;
  reason: Reason | null;
  attempt: number;
  /** Tiles that are segmented, and tiles in all. */
  done: number | null;
  total: number | null;
  message: string;
  error: string | null;
  /** What it waits for while it runs. */
  waits: string;
}

export interface LiveBranch {
  name: string;
  needs: string[];
  jobs: LiveJob[];
}

export interface LiveWorkflow {
  id: string;
  name: string;
  state: JobState;
  message: string;
  created: string;
  /** Jobs that have ended, and jobs in all. */
  done: number;
  total: number;
  branches: LiveBranch[];
}

export type Message = { seq: number } & (
  | { type: "snapshot"; resync: boolean; workflow: LiveWorkflow | null }
  | { type: "state"; job: LiveJob }
  | { type: "workflow"; state: JobState; message: string; done: number; total: number }
  | { type: "progress"; job: string; done: number | null; total: number | null; waits: string }
  | { type: "reason"; job: string; reason: Reason | null }
  | { type: "ended"; what: "workflow" | "job"; id: string; state: JobState }
  | { type: "removed"; what: "workflow" | "job"; id: string }
  | { type: "heartbeat" }
);

/** What is known of the workflow; null before the first snapshot. */
export interface Known {
  workflow: LiveWorkflow | null;
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
    case "workflow": {
      const { state, message: text, done, total } = message;
      return { ...known, workflow: { ...workflow, state, message: text, done, total } };
    }
    case "progress": {
      const { done, total, waits } = message;
      return { ...known, workflow: changed(workflow, message.job, { done, total, waits }) };
    }
    case "reason":
      return { ...known, workflow: changed(workflow, message.job, { reason: message.reason }) };
    default:
      return known;
  }
}

/** The job at its place, whether it was there before or not. */
function withJob(workflow: LiveWorkflow, job: LiveJob): LiveWorkflow {
  const branches = workflow.branches.map((branch) => {
    if (branch.name !== job.branch) return branch;
    const others = branch.jobs.filter((each) => each.id !== job.id);
    return { ...branch, jobs: [...others, job].sort((a, b) => a.number - b.number) };
  });
  return { ...workflow, branches };
}

function changed(workflow: LiveWorkflow, job: string, change: Partial<LiveJob>): LiveWorkflow {
  const branches = workflow.branches.map((branch) => {
    if (!branch.jobs.some((each) => each.id === job)) return branch;
    const jobs = branch.jobs.map((each) => (each.id === job ? { ...each, ...change } : each));
    return { ...branch, jobs };
  });
  return { ...workflow, branches };
}

/** What REST says, until the socket does. */
export function fromRest(detail: WorkflowDetailOut): LiveWorkflow {
  const { id, name, state, message, created } = detail;
  const branches = detail.branches.map((branch) => ({ ...branch, jobs: branch.jobs.map(jobFromRest) }));
  return { id, name, state, message, created, done: detail.jobs_ended, total: detail.jobs_total, branches };
}

function jobFromRest(job: JobOut): LiveJob {
  const { id, workflow, branch, number, kind, slide, state, reason, attempt, message } = job;
  const tiles = { done: job.tiles?.done ?? null, total: job.tiles?.total ?? null };
  const waits = state === "RUNNING" ? (job.waits ?? "") : "";
  return { id, workflow, branch, number, kind, slide, state, reason, attempt, message, waits, ...tiles, error: job.error?.code ?? null };
}

export function jobsOf(workflow: LiveWorkflow): LiveJob[] {
  return workflow.branches.flatMap((branch) => branch.jobs);
}

export function hasEnded(state: JobState): boolean {
  return state !== "PENDING" && state !== "RUNNING";
}

const REASONS: Record<Reason, string> = {
  USER_SLOT: "Others have their turn: it starts once a place is free.",
  BRANCH: "An earlier job of its branch has not ended yet.",
  NEEDS: "A branch that this one needs has not succeeded yet.",
  WORKER: "All workers are busy: it is next when one is free.",
};

/** Why a job waits, in words; empty: it does not, or nobody has said. */
export function whyWaiting(job: LiveJob): string {
  if (job.state === "RUNNING") return job.waits;
  if (job.state !== "PENDING") return "";
  return job.reason ? REASONS[job.reason] : "Queued: the scheduler has not looked at it yet.";
}
