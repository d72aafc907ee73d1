/** Branches as lanes with their jobs as cards. */

import { button, type Child, h } from "../../dom";
import { mpp, words } from "../../format";
import { type Draft, type DraftBranch, type DraftJob, type Flaw, waitsFor } from "./draft";
import type { Offer } from "./form";

/** What can be done with a lane or card. */
export interface Acts {
  select: (job: number) => void;
  key: (event: KeyboardEvent, job: number) => void;
  rename: (branch: number, name: string) => void;
  need: (branch: number, need: number) => void;
  move: (branch: number, by: -1 | 1) => void;
  remove: (branch: number) => void;
  add: (branch: number, kind: string) => void;
}

export interface Shown {
  draft: Draft;
  offer: Offer;
  selected: number | null;
  flaws: Flaw[];
}

/** All lanes. */
export function lanesOf(shown: Shown, acts: Acts): HTMLElement[] {
  return shown.draft.branches.map((branch, index) => lane(branch, index, shown, acts));
}

function lane(branch: DraftBranch, index: number, shown: Shown, acts: Acts): HTMLElement {
  const flaws = shown.flaws.filter((flaw) => flaw.branch === branch.id && flaw.job === null);
  return h("section", {
    class: "lane", "data-lane": branch.id, "data-branch": branch.id, "aria-label": `Branch ${branch.name}`,
  }, [
    head(branch, index, shown, acts),
    h("ol", { class: "cards" }, [
      ...branch.jobs.map((job, number) => h("li", {}, card(job, number, shown, acts))),
      h("li", { class: "add-job" }, adders(branch, shown.offer, acts)),
    ]),
    ...flaws.map((flaw) => h("p", { class: "bad small", role: "alert" }, flaw.text)),
  ]);
}

function head(branch: DraftBranch, index: number, shown: Shown, acts: Acts): HTMLElement {
  const name = h("input", {
    value: branch.name, "aria-label": `Name of branch ${index + 1}`, maxlength: 63, class: "name",
    "data-key": `name-${branch.id}`,
  });
  name.addEventListener("change", () => acts.rename(branch.id, name.value));
  const move = (by: -1 | 1, sign: string, word: string): HTMLElement =>
    button(sign, () => acts.move(branch.id, by), {
      class: "button quiet", "aria-label": `Move branch ${branch.name} ${word}`, "data-key": `move-${branch.id}-${by}`,
      disabled: by < 0 ? index === 0 : index === shown.draft.branches.length - 1,
    });
  return h("div", { class: "lane-head" }, [
    name,
    needs(branch, shown.draft, acts),
    h("span", { class: "grow" }),
    move(-1, "↑", "up"),
    move(1, "↓", "down"),
    button("Remove", () => acts.remove(branch.id), {
      class: "button quiet danger-text", "aria-label": `Remove branch ${branch.name}`,
    }),
  ]);
}

/** What must have succeeded before; what would lead in a circle cannot be chosen. */
function needs(branch: DraftBranch, draft: Draft, acts: Acts): Child {
  const others = draft.branches.filter((other) => other.id !== branch.id);
  if (others.length === 0) return null;
  const names = others.filter((other) => branch.needs.includes(other.id)).map((other) => other.name);
  const told = names.length > 0 ? `After ${names.join(", ")}` : "Starts at once";
  const boxes = others.map((other) => need(branch, other, draft, acts));
  return h("details", { class: "needs", "data-details": `needs-${branch.id}` }, [
    h("summary", { "data-key": `needs-${branch.id}` }, told),
    h("fieldset", {}, [h("legend", {}, `Before ${branch.name} starts, these must have succeeded`), ...boxes]),
  ]);
}

function need(branch: DraftBranch, other: DraftBranch, draft: Draft, acts: Acts): HTMLElement {
  const circle = waitsFor(draft, other.id, branch.id);
  const box = h("input", {
    type: "checkbox", checked: branch.needs.includes(other.id), disabled: circle,
    "data-key": `need-${branch.id}-${other.id}`,
  });
  box.addEventListener("change", () => acts.need(branch.id, other.id));
  return h("label", { class: "row" }, [box, other.name, circle && h("span", { class: "small muted" }, "(waits for this one)")]);
}

function adders(branch: DraftBranch, offer: Offer, acts: Acts): HTMLElement[] {
  return offer.kinds.map((kind) =>
    button([
      h("span", { "aria-hidden": "true" }, "+"), words(kind.kind), h("span", { class: "unseen" }, ` to ${branch.name}`),
    ], () => acts.add(branch.id, kind.kind), {
      class: "button quiet", title: kind.about, "data-key": `add-${branch.id}-${kind.kind}`,
    }),
  );
}

function card(job: DraftJob, number: number, shown: Shown, acts: Acts): HTMLElement {
  const flaws = shown.flaws.filter((flaw) => flaw.job === job.id);
  const slide = shown.offer.slides.find((each) => each.path === job.values["slide"]);
  const label = slide?.label ?? (job.values["slide"] ? String(job.values["slide"]) : "no slide yet");
  const main = h("button", {
    type: "button", class: "card-main", "aria-pressed": String(shown.selected === job.id), "data-key": `job-${job.id}`,
    "aria-keyshortcuts": "Alt+ArrowLeft Alt+ArrowRight Alt+ArrowUp Alt+ArrowDown Delete",
  }, [
    h("span", { class: "row" }, [h("span", { class: "number" }, number + 1), h("strong", {}, words(job.kind))]),
    h("span", { class: "small clip" }, label),
    h("span", { class: "small muted clip" }, told(job)),
    slide && slide.width_px !== null && (job.values["mpp"] ?? slide.stated_mpp ?? slide.mpp) === null &&
      h("span", { class: "small wait" }, "The slide's pixel size is not known: state it."),
    ...flaws.map((flaw) => h("span", { class: "small bad" }, flaw.text)),
  ]);
  main.addEventListener("click", () => acts.select(job.id));
  main.addEventListener("keydown", (event) => acts.key(event, job.id));
  const grip = h("span", { class: "handle", "aria-hidden": "true", title: "Drag to move" }, "⠿");
  return h("div", { class: `job ${flaws.length > 0 ? "flawed" : ""}`, "data-job": job.id }, [grip, main]);
}

/** What has been set apart from the slide. */
function told(job: DraftJob): string {
  const set = Object.entries(job.values).filter(([name]) => name !== "slide");
  const texts = set.map(([name, value]) =>
    name === "mpp" ? mpp(Number(value)) : `${words(name)}: ${String(value)}`,
  );
  return texts.join(", ") || "defaults";
}
