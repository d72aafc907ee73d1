/** The page on which a draft is changed: lanes, the chosen job's form, the spec. */

import { button, fill, h } from "../../dom";
import { words } from "../../format";
import { keepArrows } from "../../lanes/arrows";
import { addressOf } from "../../router";
import { attempt, confirmed, copy, empty, notice, said, tell } from "../../ui";
import { Refused } from "../../api";
import type { SlideOut } from "../../types";
import type { Context } from "../view";
import { letDrag } from "./drag";
import * as drafts from "./draft";
import { jobForm, type Offer } from "./form";
import { keep, keepSent, keptDraft, Keys } from "./kept";
import { type Acts, lanesOf } from "./lanes";
import { placed } from "./refusal";
import { preset } from "./preset";
import { toYaml } from "./yaml";

/** See above. */
export class Composer {
  private draft: drafts.Draft = keptDraft();
  private flaws: drafts.Flaw[] = [];
  private selected: number | null = null;
  private readonly keys = new Keys();
  private readonly ended = new AbortController();
  private readonly name = h("input", { id: "workflow-name", maxlength: 120, placeholder: "Name for people to read" });
  private readonly told = h("div");
  private readonly lanes = h("div", { class: "lanes" });
  private readonly panel = h("aside", { class: "card inspector", "aria-label": "The chosen job" });
  private readonly yaml = h("pre", { class: "mono spec", tabindex: 0, "aria-label": "Spec as YAML" });
  private readonly submit = button("Submit", () => void this.send(), { class: "button primary" });
  private readonly arrows = keepArrows(this.lanes, () => this.edges());

  constructor(
    private readonly root: HTMLElement,
    private readonly context: Context,
    private readonly offer: Offer,
    slide: string | null,
  ) {
    this.name.addEventListener("change", () => this.change(drafts.rename(this.draft, this.name.value)));
    letDrag(this.lanes, ({ job, branch, index }) => this.change(drafts.moveJob(this.draft, job, branch, index)));
    this.layOut();
    this.foldNeeds();
    const asked = offer.slides.find((each) => each.id === slide);
    // A reload must not add it again.
    if (slide) history.replaceState(null, "", addressOf.compose);
    if (asked) this.addCells(asked);
    else this.show();
  }

  readonly end = (): void => {
    this.ended.abort();
    this.arrows.end();
  };

  /** What a branch needs is folded away again by a click elsewhere, or by Escape. */
  private foldNeeds(): void {
    const fold = (event: Event): void => {
      for (const each of this.lanes.querySelectorAll<HTMLDetailsElement>(".needs[open]")) {
        if (event.type === "pointerdown" && each.contains(event.target as Node)) continue;
        if (each.contains(document.activeElement)) each.querySelector("summary")?.focus();
        each.open = false;
      }
    };
    const { signal } = this.ended;
    document.addEventListener("pointerdown", fold, { signal });
    document.addEventListener("keydown", (event) => event.key === "Escape" && fold(event), { signal });
  }

  private layOut(): void {
    fill(this.root, [
      h("div", { class: "head" }, [
        h("h1", {}, "Compose"),
        h("span", { class: "grow" }),
        button("Start over", () => void this.clear(), { class: "button quiet" }),
        this.submit,
      ]),
      this.told,
      h("div", { class: "row wrap bottom" }, [
        h("div", { class: "field grow" }, [h("label", { for: "workflow-name" }, "Workflow"), this.name]),
        preset(this.offer, (slide) => this.addCells(slide)),
      ]),
      h("div", { class: "compose" }, [
        h("div", { class: "stack" }, [
          this.lanes,
          h("div", {}, button("+ Add branch", () => this.change(drafts.addBranch(this.draft)))),
        ]),
        this.panel,
      ]),
      h("details", { class: "card" }, [
        h("summary", {}, "Spec as YAML"),
        h("p", { class: "small muted" }, "The same workflow for `slideloom submit` or the REST API."),
        this.yaml,
        button("Copy", () => void attempt(() => copy(this.yaml.textContent ?? ""))),
      ]),
    ]);
  }

  /** The preset: its job is chosen, so that its parameters can be looked at. */
  private addCells(slide: SlideOut): void {
    const draft = drafts.withCells(this.draft, { ...slide, mpp: slide.stated_mpp });
    this.change(draft);
    this.select(draft.next - 1);
  }

  private async clear(): Promise<void> {
    const filled = this.draft.branches.length > 0;
    if (filled && !(await confirmed("Start over?", "This draft is thrown away.", "Throw it away"))) return;
    this.selected = null;
    this.change(drafts.EMPTY);
    this.showPanel();
  }

  private change(draft: drafts.Draft): void {
    this.draft = draft;
    this.flaws = [];
    keep(draft);
    this.show();
  }

  private show(): void {
    if (document.activeElement !== this.name) this.name.value = this.draft.name;
    const { draft, offer, selected, flaws } = this;
    withFocusKept(this.lanes, () => {
      const lanes = lanesOf({ draft, offer, selected, flaws }, this.acts);
      fill(this.lanes, lanes.length > 0 ? lanes : this.nothing());
    });
    this.arrows.draw();
    this.yaml.textContent = toYaml(drafts.specOf(draft));
    const general = flaws.filter((flaw) => flaw.branch === null);
    fill(this.told, general.map((flaw) => notice("bad", flaw.text)));
    if (selected === null || !drafts.jobOf(draft, selected)) this.showPanel();
  }

  private nothing(): HTMLElement {
    const text = this.offer.slides.length > 0
      ? "Take the preset above for one of your slides, or add branches and jobs by hand."
      : "Upload a slide first; then it can be chosen here.";
    return empty("No jobs yet", text);
  }

  private edges(): { from: string; to: string }[] {
    return this.draft.branches.flatMap((branch) =>
      branch.needs.map((need) => ({ from: String(need), to: String(branch.id) })),
    );
  }

  private readonly acts: Acts = {
    select: (job) => this.select(job),
    key: (event, job) => this.key(event, job),
    rename: (branch, name) => this.change(drafts.changeBranch(this.draft, branch, { name })),
    need: (branch, need) => this.change(drafts.toggleNeed(this.draft, branch, need)),
    move: (branch, by) => this.change(drafts.moveBranch(this.draft, branch, by)),
    remove: (branch) => this.change(drafts.removeBranch(this.draft, branch)),
    add: (branch, kind) => this.add(branch, kind),
  };

  /** A new job takes the slide of the last one in its branch: most branches are about one. */
  private add(branch: number, kind: string): void {
    const jobs = this.draft.branches.find((each) => each.id === branch)?.jobs ?? [];
    const { slide, mpp } = jobs[jobs.length - 1]?.values ?? {};
    const values = { ...(slide ? { slide } : {}), ...(mpp ? { mpp } : {}) };
    const id = this.draft.next;
    this.change(drafts.addJob(this.draft, branch, kind, values));
    this.select(id);
  }

  private select(job: number): void {
    this.selected = job;
    this.show();
    this.showPanel();
  }

  private key(event: KeyboardEvent, job: number): void {
    const moves: Record<string, () => drafts.Draft> = {
      ArrowLeft: () => drafts.shiftJob(this.draft, job, -1),
      ArrowRight: () => drafts.shiftJob(this.draft, job, 1),
      ArrowUp: () => drafts.liftJob(this.draft, job, -1),
      ArrowDown: () => drafts.liftJob(this.draft, job, 1),
    };
    const move = event.altKey ? moves[event.key] : undefined;
    if (!move && event.key !== "Delete") return;
    event.preventDefault();
    this.change(move ? move() : drafts.removeJob(this.draft, job));
    this.lanes.querySelector<HTMLElement>(`[data-key="job-${job}"]`)?.focus();
  }

  private showPanel(): void {
    const job = this.selected === null ? null : drafts.jobOf(this.draft, this.selected);
    this.panel.hidden = job === null;
    if (!job) return;
    const about = this.offer.kinds.find((each) => each.kind === job.kind)?.about ?? "";
    const act = (label: string, next: () => drafts.Draft): HTMLElement =>
      button(label, () => this.change(next()), { class: "button quiet" });
    fill(this.panel, [
      h("h2", {}, words(job.kind)),
      h("p", { class: "small muted" }, about),
      jobForm(job, this.offer, (values) => this.change(drafts.changeJob(this.draft, job.id, { values }))),
      h("div", { class: "row wrap" }, [
        act("← Earlier", () => drafts.shiftJob(this.draft, job.id, -1)),
        act("Later →", () => drafts.shiftJob(this.draft, job.id, 1)),
        act("↑ Branch above", () => drafts.liftJob(this.draft, job.id, -1)),
        act("↓ Branch below", () => drafts.liftJob(this.draft, job.id, 1)),
        button("Remove", () => this.change(drafts.removeJob(this.draft, job.id)), {
          class: "button quiet danger-text",
        }),
      ]),
    ]);
  }

  private async send(): Promise<void> {
    const flaws = drafts.flawsOf(this.draft);
    if (flaws.length > 0) return this.refuse(flaws);
    const spec = drafts.specOf(this.draft);
    this.submit.disabled = true;
    try {
      const workflow = await this.context.api.submit(spec, this.keys.for(spec));
      keepSent(workflow.id, this.draft);
      tell("Submitted");
      this.context.go(addressOf.workflow(workflow.id));
    } catch (error) {
      this.refuse(isAboutSpec(error) ? placed(this.draft, said(error)) : [general(said(error))]);
    } finally {
      this.submit.disabled = false;
    }
  }

  private refuse(flaws: drafts.Flaw[]): void {
    this.flaws = flaws;
    this.show();
    const first = flaws.find((flaw) => flaw.job !== null);
    if (first) this.lanes.querySelector<HTMLElement>(`[data-key="job-${first.job}"]`)?.focus();
    if (!flaws.some((flaw) => flaw.branch === null)) {
      fill(this.told, notice("bad", "It was not submitted: see what is marked below."));
    }
  }
}

function isAboutSpec(error: unknown): boolean {
  return error instanceof Refused && error.status === 422;
}

function general(text: string): drafts.Flaw {
  return { branch: null, job: null, text };
}

/** Render anew without taking the focus away, or closing what is open. */
function withFocusKept(root: HTMLElement, render: () => void): void {
  const held = document.activeElement;
  const key = held instanceof HTMLElement && root.contains(held) ? held.dataset["key"] : undefined;
  const open = [...root.querySelectorAll<HTMLDetailsElement>("details[open]")].map((each) => each.dataset["details"]);
  render();
  for (const each of root.querySelectorAll<HTMLDetailsElement>("details")) {
    each.open = open.includes(each.dataset["details"]);
  }
  if (key) root.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus();
}
