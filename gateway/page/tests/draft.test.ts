import { describe, expect, it } from "vitest";
import * as drafts from "../src/views/compose/draft";

/** Three branches a, b, c with jobs 4 to 8: a has 4 and 5, b has 6, 7 and 8, c none. */
function three(): drafts.Draft {
  let draft = drafts.EMPTY;
  for (const name of ["a", "b", "c"]) {
    draft = drafts.addBranch(draft);
    draft = drafts.changeBranch(draft, draft.next - 1, { name });
  }
  for (const branch of [1, 1, 2, 2, 2]) {
    draft = drafts.addJob(draft, branch, "tissue_mask", { slide: "a.svs" });
  }
  return draft;
}

function jobs(draft: drafts.Draft): number[][] {
  return draft.branches.map((branch) => branch.jobs.map((job) => job.id));
}

/** Numbers that are the same in each run. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * below);
  };
}

describe("moving jobs", () => {
  it("puts a job before the one that it is dropped on", () => {
    expect(jobs(drafts.moveJob(three(), 4, 2, 1))).toEqual([[5], [6, 4, 7, 8], []]);
    expect(jobs(drafts.moveJob(three(), 8, 2, 0))).toEqual([[4, 5], [8, 6, 7], []]);
    expect(jobs(drafts.moveJob(three(), 6, 2, 3))).toEqual([[4, 5], [7, 8, 6], []]);
    expect(jobs(drafts.moveJob(three(), 6, 3, 99))).toEqual([[4, 5], [7, 8], [6]]);
  });

  it("leaves a job where it is when it is dropped on its own place", () => {
    expect(jobs(drafts.moveJob(three(), 7, 2, 1))).toEqual(jobs(three()));
    expect(jobs(drafts.moveJob(three(), 7, 2, 2))).toEqual(jobs(three()));
  });

  it("moves by keys within a branch and to the next one, and stops at the ends", () => {
    expect(jobs(drafts.shiftJob(three(), 6, 1))).toEqual([[4, 5], [7, 6, 8], []]);
    expect(jobs(drafts.shiftJob(three(), 6, -1))).toEqual(jobs(three()));
    expect(jobs(drafts.shiftJob(three(), 8, 1))).toEqual(jobs(three()));
    expect(jobs(drafts.liftJob(three(), 6, -1))).toEqual([[4, 5, 6], [7, 8], []]);
    expect(jobs(drafts.liftJob(three(), 4, -1))).toEqual(jobs(three()));
  });

  it("never loses or doubles a job, whatever is done", () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const roll = dice(seed);
      let draft = three();
      for (let step = 0; step < 30; step += 1) {
        const job = 4 + roll(5);
        draft = [
          () => drafts.moveJob(draft, job, 1 + roll(4), roll(5)),
          () => drafts.shiftJob(draft, job, roll(2) ? 1 : -1),
          () => drafts.liftJob(draft, job, roll(2) ? 1 : -1),
          () => drafts.moveBranch(draft, 1 + roll(4), roll(2) ? 1 : -1),
        ][roll(4)]!();
      }
      expect(jobs(draft).flat().sort()).toEqual([4, 5, 6, 7, 8]);
    }
  });
});

describe("what a branch needs", () => {
  it("can be chosen and left again", () => {
    const draft = drafts.toggleNeed(three(), 2, 1);
    expect(draft.branches[1]?.needs).toEqual([1]);
    expect(drafts.toggleNeed(draft, 2, 1).branches[1]?.needs).toEqual([]);
  });

  it("never leads in a circle", () => {
    const draft = drafts.toggleNeed(drafts.toggleNeed(three(), 2, 1), 3, 2);
    expect(drafts.waitsFor(draft, 3, 1)).toBe(true);
    expect(drafts.toggleNeed(draft, 1, 3)).toBe(draft);
    expect(drafts.toggleNeed(draft, 1, 1)).toBe(draft);
    for (let seed = 1; seed <= 200; seed += 1) {
      const roll = dice(seed);
      let random = three();
      for (let step = 0; step < 12; step += 1) random = drafts.toggleNeed(random, 1 + roll(3), 1 + roll(3));
      for (const id of [1, 2, 3]) expect(drafts.waitsFor(random, id, id)).toBe(false);
    }
  });

  it("goes with the branch when that is removed", () => {
    const draft = drafts.removeBranch(drafts.toggleNeed(three(), 2, 1), 1);
    expect(draft.branches.map((branch) => branch.needs)).toEqual([[], []]);
  });
});

describe("the spec", () => {
  it("names branches by their names now, and leaves defaults to the server", () => {
    const draft = drafts.changeBranch(drafts.toggleNeed(three(), 2, 1), 1, { name: " left " });
    const spec = drafts.specOf(drafts.rename(drafts.removeBranch(draft, 3), "biopsy"));
    expect(spec).toEqual({
      name: "biopsy",
      branches: [
        { name: "left", jobs: Array(2).fill({ kind: "tissue_mask", slide: "a.svs" }) },
        { name: "b", needs: ["left"], jobs: Array(3).fill({ kind: "tissue_mask", slide: "a.svs" }) },
      ],
    });
  });

  it("of the preset is one job, with the pixel size that was stated", () => {
    const spec = drafts.specOf(drafts.withCells(drafts.EMPTY, { path: "u/1.svs", label: "biopsy", mpp: 0.25 }));
    expect(spec.branches).toEqual([
      { name: "cells", jobs: [{ kind: "segment_cells", slide: "u/1.svs", mpp: 0.25 }] },
    ]);
    const without = drafts.specOf(drafts.withCells(drafts.EMPTY, { path: "u/1.svs", label: "biopsy", mpp: null }));
    expect(without.branches[0]?.jobs[0]).not.toHaveProperty("mpp");
  });

  it("of a preset that is taken again has a branch more, and keeps what was there", () => {
    const slide = { path: "u/1.svs", label: "biopsy", mpp: null };
    const twice = drafts.withCells(drafts.withCells(three(), slide), { ...slide, label: "other" });
    expect(twice.branches.map((branch) => branch.name)).toEqual(["a", "b", "c", "cells", "cells 2"]);
    expect(twice.name).toBe("Cells of biopsy");
    const ids = twice.branches.flatMap((branch) => [branch.id, ...branch.jobs.map((job) => job.id)]);
    expect(new Set(ids).size).toBe(ids.length);
    expect(Math.max(...ids)).toBeLessThan(twice.next);
  });

  it("is not sent while something is missing", () => {
    const draft = drafts.changeJob(drafts.changeBranch(three(), 2, { name: "a" }), 4, { values: {} });
    const told = drafts.flawsOf(draft);
    expect(told.map((flaw) => [flaw.branch, flaw.job])).toEqual([[null, null], [1, 4], [2, null], [3, null]]);
    const whole = drafts.withCells(drafts.EMPTY, { path: "x", label: "x", mpp: null });
    expect(drafts.flawsOf(whole)).toEqual([]);
  });
});
