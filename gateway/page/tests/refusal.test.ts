import { describe, expect, it } from "vitest";
import { addBranch, addJob, changeBranch, EMPTY } from "../src/views/compose/draft";
import { placed } from "../src/views/compose/refusal";

let draft = addBranch(addBranch(EMPTY));
draft = changeBranch(draft, 1, { name: "left" });
draft = changeBranch(draft, 2, { name: "it's" });
draft = addJob(draft, 1, "tissue_mask", { slide: "slides/a.svs" });
draft = addJob(draft, 1, "segment_cells", { slide: "slides/b.svs", model: "new-model" });
draft = addJob(draft, 2, "segment_cells", { slide: "slides/b.svs" });

describe("a refusal", () => {
  it("is shown at the job that it names", () => {
    expect(placed(draft, "branch 'left', job 2, overlap: 300 is too much")).toEqual([
      { branch: 1, job: 4, text: "overlap: 300 is too much" },
    ]);
    expect(placed(draft, 'branch "it\'s", job 1: wrong')).toEqual([{ branch: 2, job: 5, text: "wrong" }]);
    expect(placed(draft, "branch 2, job 1: wrong")).toEqual([{ branch: 2, job: 5, text: "wrong" }]);
  });

  it("is shown at the branch that it names", () => {
    expect(placed(draft, "branch 'left', needs: is unknown")).toEqual([
      { branch: 1, job: null, text: "needs: is unknown" },
    ]);
  });

  it("is shown at all jobs with the slide or model that it names", () => {
    const told = placed(draft, "slides/b.svs is not there; model 'new-model' is not there");
    expect(told.map((flaw) => flaw.job)).toEqual([4, 5, 4]);
  });

  it("is shown on top otherwise", () => {
    expect(placed(draft, "branch 'other', job 1: wrong")).toEqual([
      { branch: null, job: null, text: "branch 'other', job 1: wrong" },
    ]);
  });
});
