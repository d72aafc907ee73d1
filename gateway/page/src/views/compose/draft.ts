/** A workflow as it is being composed. Pure: every change gives a new draft. */

import type { BranchSpec, JobSpec, WorkflowSpec } from "../../types";

/** A job; parameters that are not among its values are left to the server's defaults. */
export interface DraftJob {
  id: number;
  kind: string;
  values: Record<string, unknown>;
}

/** Jobs one after the other; `needs` are ids, so that branches can be renamed. */
export interface DraftBranch {
  id: number;
  name: string;
  needs: number[];
  jobs: DraftJob[];
}

export interface Draft {
  name: string;
  branches: DraftBranch[];
  /** The next id. */
  next: number;
}

export const EMPTY: Draft = { name: "", branches: [], next: 1 };

/** With one more branch, which segments every nucleus of a slide; what is there stays. */
export function withCells(draft: Draft, slide: { path: string; label: string; mpp: number | null }): Draft {
  const values = { slide: slide.path, ...(slide.mpp ? { mpp: slide.mpp } : {}) };
  const job = { id: draft.next + 1, kind: "segment_cells", values };
  const branch = { id: draft.next, name: freeName(draft, "cells"), needs: [], jobs: [job] };
  const name = draft.name || `Cells of ${slide.label}`.slice(0, 120);
  return { name, branches: [...draft.branches, branch], next: draft.next + 2 };
}

/** The name, or the first of "name 2", "name 3", … that is free. */
function freeName(draft: Draft, name: string): string {
  const taken = new Set(draft.branches.map((branch) => branch.name));
  let number = 1;
  let found = name;
  while (taken.has(found)) {
    number += 1;
    found = `${name} ${number}`;
  }
  return found;
}

export function rename(draft: Draft, name: string): Draft {
  return { ...draft, name };
}

export function addBranch(draft: Draft): Draft {
  const taken = new Set(draft.branches.map((branch) => branch.name));
  let number = draft.branches.length + 1;
  while (taken.has(`branch ${number}`)) number += 1;
  const made = { id: draft.next, name: `branch ${number}`, needs: [], jobs: [] };
  return { ...draft, branches: [...draft.branches, made], next: draft.next + 1 };
}

/** Without the branch, and without anybody who needs it. */
export function removeBranch(draft: Draft, id: number): Draft {
  const branches = draft.branches
    .filter((branch) => branch.id !== id)
    .map((branch) => ({ ...branch, needs: branch.needs.filter((need) => need !== id) }));
  return { ...draft, branches };
}

export function changeBranch(draft: Draft, id: number, change: Partial<DraftBranch>): Draft {
  const branches = draft.branches.map((each) => (each.id === id ? { ...each, ...change } : each));
  return { ...draft, branches };
}

/** The branch further up (-1) or down (1). */
export function moveBranch(draft: Draft, id: number, by: number): Draft {
  const from = draft.branches.findIndex((branch) => branch.id === id);
  const to = from + by;
  if (from < 0 || to < 0 || to >= draft.branches.length) return draft;
  const branches = [...draft.branches];
  branches.splice(to, 0, ...branches.splice(from, 1));
  return { ...draft, branches };
}

export function addJob(draft: Draft, branch: number, kind: string, values: DraftJob["values"]): Draft {
  const made = { id: draft.next, kind, values };
  const found = draft.branches.find((each) => each.id === branch);
  if (!found) return draft;
  return changeBranch({ ...draft, next: draft.next + 1 }, branch, { jobs: [...found.jobs, made] });
}

export function removeJob(draft: Draft, id: number): Draft {
  const branches = draft.branches.map((branch) => ({
    ...branch,
    jobs: branch.jobs.filter((job) => job.id !== id),
  }));
  return { ...draft, branches };
}

export function changeJob(draft: Draft, id: number, change: Partial<DraftJob>): Draft {
  const branches = draft.branches.map((branch) => ({
    ...branch,
    jobs: branch.jobs.map((job) => (job.id === id ? { ...job, ...change } : job)),
  }));
  return { ...draft, branches };
}

/** Where a job is: places of its branch and of itself, from 0. */
export function placeOfJob(draft: Draft, id: number): { branch: number; job: number } | null {
  for (const [branch, each] of draft.branches.entries()) {
    const job = each.jobs.findIndex((one) => one.id === id);
    if (job >= 0) return { branch, job };
  }
  return null;
}

export function jobOf(draft: Draft, id: number): DraftJob | null {
  const at = placeOfJob(draft, id);
  return at ? (draft.branches[at.branch]?.jobs[at.job] ?? null) : null;
}

/** The job before the `index`th of those that are in the branch now. */
export function moveJob(draft: Draft, id: number, branch: number, index: number): Draft {
  const at = placeOfJob(draft, id);
  const job = jobOf(draft, id);
  const target = draft.branches.find((each) => each.id === branch);
  if (!at || !job || !target) return draft;
  const same = draft.branches[at.branch]?.id === branch;
  const to = same && at.job < index ? index - 1 : index;
  const without = removeJob(draft, id);
  const jobs = [...(without.branches.find((each) => each.id === branch)?.jobs ?? [])];
  jobs.splice(Math.max(0, Math.min(to, jobs.length)), 0, job);
  return changeBranch(without, branch, { jobs });
}

/** The job one earlier (-1) or later (1) in its branch. */
export function shiftJob(draft: Draft, id: number, by: -1 | 1): Draft {
  const at = placeOfJob(draft, id);
  const branch = at && draft.branches[at.branch];
  if (!at || !branch) return draft;
  const to = at.job + by;
  if (to < 0 || to >= branch.jobs.length) return draft;
  return moveJob(draft, id, branch.id, by > 0 ? to + 1 : to);
}

/** The job to the end of the branch above (-1) or below (1). */
export function liftJob(draft: Draft, id: number, by: -1 | 1): Draft {
  const at = placeOfJob(draft, id);
  const target = at && draft.branches[at.branch + by];
  return target ? moveJob(draft, id, target.id, target.jobs.length) : draft;
}

/** Whether `branch` waits for `other`, directly or through others. */
export function waitsFor(draft: Draft, branch: number, other: number): boolean {
  const seen = new Set<number>();
  const open = [branch];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const needs = draft.branches.find((each) => each.id === at)?.needs ?? [];
    if (needs.includes(other)) return true;
    for (const need of needs.filter((each) => !seen.has(each))) {
      seen.add(need);
      open.push(need);
    }
  }
  return false;
}

/** With or without `need` among what the branch needs; never with a cycle. */
export function toggleNeed(draft: Draft, branch: number, need: number): Draft {
  const needs = draft.branches.find((each) => each.id === branch)?.needs ?? [];
  if (needs.includes(need)) {
    return changeBranch(draft, branch, { needs: needs.filter((each) => each !== need) });
  }
  if (need === branch || waitsFor(draft, need, branch)) return draft;
  return changeBranch(draft, branch, { needs: [...needs, need] });
}

/** What is submitted. */
export function specOf(draft: Draft): WorkflowSpec {
  const names = new Map(draft.branches.map((branch) => [branch.id, branch.name.trim()]));
  const branches = draft.branches.map((branch): BranchSpec => {
    const needs = branch.needs.map((need) => names.get(need) ?? "");
    const jobs = branch.jobs.map((job): JobSpec => ({ kind: job.kind, ...job.values }));
    return { name: branch.name.trim(), ...(needs.length > 0 ? { needs } : {}), jobs };
  });
  return { name: draft.name.trim(), branches };
}

/** Something that keeps a draft from being submitted. */
export interface Flaw {
  branch: number | null;
  job: number | null;
  text: string;
}

/** What can be said without asking the server. */
export function flawsOf(draft: Draft): Flaw[] {
  const flaws: Flaw[] = [];
  if (!draft.name.trim()) flaws.push({ branch: null, job: null, text: "Give the workflow a name." });
  if (draft.branches.length === 0) {
    flaws.push({ branch: null, job: null, text: "Add a branch with a job, or take the preset." });
  }
  const seen = new Set<string>();
  for (const branch of draft.branches) {
    const name = branch.name.trim();
    const told = (text: string): number => flaws.push({ branch: branch.id, job: null, text });
    if (!name) told("Give this branch a name.");
    if (name && seen.has(name)) told(`There are two branches called “${name}”.`);
    seen.add(name);
    if (branch.jobs.length === 0) told("Add a job to this branch, or remove it.");
    for (const job of branch.jobs.filter((each) => !each.values["slide"])) {
      flaws.push({ branch: branch.id, job: job.id, text: "Choose a slide." });
    }
  }
  return flaws;
}
