/** The form of one job, made from its kind's schema. */

import { fill, freshId, h } from "../../dom";
import { pixels } from "../../format";
import type { ModelsOut, SlideOut } from "../../types";
import { type Field, fieldsOf, read } from "./fields";
import type { DraftJob } from "./draft";
import type { KindOut } from "../../types";

/** What can be chosen from. */
export interface Offer {
  kinds: KindOut[];
  models: ModelsOut;
  slides: SlideOut[];
}

type Change = (values: DraftJob["values"]) => void;

/** Fields for all parameters; those that are rarely changed are folded away. */
export function jobForm(job: DraftJob, offer: Offer, change: Change): HTMLElement {
  const kind = offer.kinds.find((each) => each.kind === job.kind);
  const values = { ...job.values };
  const set = (name: string, value: unknown): void => {
    if (value === undefined) delete values[name];
    else values[name] = value;
    change({ ...values });
  };
  const made = fieldsOf(kind?.parameters ?? {}).map((field) => ({
    field,
    element: fieldRow(field, values[field.name], offer, set),
  }));
  const rest = made.filter((each) => !each.field.first);
  return h("div", { class: "stack" }, [
    ...made.filter((each) => each.field.first).map((each) => each.element),
    rest.length > 0 &&
      h("details", { open: rest.some((each) => each.field.name in values) }, [
        h("summary", {}, "More parameters"),
        h("div", { class: "stack" }, rest.map((each) => each.element)),
      ]),
  ]);
}

function fieldRow(field: Field, value: unknown, offer: Offer, set: (name: string, value: unknown) => void): HTMLElement {
  const id = freshId(field.name);
  const flaw = h("p", { class: "bad small", id: `${id}-flaw` });
  const control = controlOf(field, id, value, offer);
  control.setAttribute("aria-describedby", `${id}-help ${id}-flaw`);
  control.addEventListener("change", () => {
    const found = read(field, control.value);
    const wrong = "flaw" in found;
    fill(flaw, wrong ? `${field.label} ${found.flaw}.` : "");
    control.setAttribute("aria-invalid", String(wrong));
    if (!wrong) set(field.name, found.value);
    if (!wrong && field.control === "slide") takeStated(String(found.value), offer, set);
  });
  return h("div", { class: "field" }, [
    h("label", { for: id }, [field.label, field.required && h("span", { class: "muted" }, " (needed)")]),
    control,
    h("p", { id: `${id}-help`, class: "small muted" }, isChosen(field) ? "" : field.help),
    flaw,
  ]);
}

/** A list to choose from speaks for itself. */
function isChosen(field: Field): boolean {
  return field.control === "slide" || field.control === "model";
}

/** A pixel size that the owner has stated goes with the slide. */
function takeStated(path: string, offer: Offer, set: (name: string, value: unknown) => void): void {
  const slide = offer.slides.find((each) => each.path === path);
  set("mpp", slide?.stated_mpp ?? undefined);
}

function controlOf(field: Field, id: string, value: unknown, offer: Offer): HTMLInputElement | HTMLSelectElement {
  const given = value === undefined ? "" : String(value);
  switch (field.control) {
    case "slide":
      return select(id, given, [["", "Choose a slide …"], ...offer.slides.map(slideChoice)], field.required);
    case "model":
      return select(id, given, [["", `Yours by default: ${offer.models.default}`], ...modelChoices(offer)], false);
    case "choice":
      return select(id, given, [["", `${String(field.fallback ?? "")} (default)`], ...field.choices.map(same)], false);
    case "switch":
      return select(id, given, [["", `${String(field.fallback ?? false)} (default)`], ["true", "yes"], ["false", "no"]], false);
    default:
      return input(field, id, given);
  }
}

function same(value: string): [string, string] {
  return [value, value];
}

function slideChoice(slide: SlideOut): [string, string] {
  const size = slide.width_px ? ` (${pixels(slide.width_px, slide.height_px)})` : "";
  return [slide.path, `${slide.label}${size}`];
}

function modelChoices(offer: Offer): [string, string][] {
  return offer.models.models.map((model) => {
    const size = model.pixel_size_um ? `, ${model.pixel_size_um} µm/px` : "";
    return [model.name, `${model.name} (${model.version}${size})`];
  });
}

function select(id: string, value: string, choices: [string, string][], required: boolean): HTMLSelectElement {
  const known = choices.some(([each]) => each === value);
  const shown: [string, string][] = known ? choices : [...choices, [value, value]];
  const options = shown.map(([each, label]) => h("option", { value: each, selected: each === value }, label));
  return h("select", { id, required }, options);
}

function input(field: Field, id: string, value: string): HTMLInputElement {
  const number = field.control === "number";
  const made = h("input", {
    id, value, type: number ? "number" : "text", required: field.required, spellcheck: "false",
    min: field.min, max: field.max, step: number ? (field.step ?? "any") : null,
    placeholder: field.fallback === undefined ? "" : `${String(field.fallback)} (default)`,
  });
  if (field.hints.length === 0) return made;
  const list = h("datalist", { id: `${id}-hints` }, field.hints.map((hint) => h("option", { value: hint })));
  made.setAttribute("list", list.id);
  made.append(list);
  return made;
}

