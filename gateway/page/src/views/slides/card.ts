/** One slide: its picture, what is known of it, and what can be done with it. */

import { button, type Child, fill, freshId, h, link } from "../../dom";
import { bytes, moment, mpp, pixels } from "../../format";
import { addressOf } from "../../router";
import type { SlideOut } from "../../types";
import { attempt, confirmed, tell } from "../../ui";
import type { Context } from "../view";

export interface Told {
  changed: (slide: SlideOut) => void;
  removed: () => void;
}

const USUAL: [string, number][] = [
  ["40×", 0.25],
  ["20×", 0.5],
];

/** The card, current as it is changed. */
export function slideCard(slide: SlideOut, context: Context, told: Told): HTMLElement {
  return new Card(slide, context, told).root;
}

class Card {
  readonly root = h("li", { class: "card slide" });
  private readonly facts = h("div", { class: "facts" });

  constructor(
    private slide: SlideOut,
    private readonly context: Context,
    private readonly told: Told,
  ) {
    fill(this.root, [this.picture(), this.facts]);
    this.show();
    if (!slide.width_px) void this.lookUp();
  }

  /** What was not uploaded is opened only when it is asked for by itself. */
  private async lookUp(): Promise<void> {
    try {
      this.renew(await this.context.api.slide(this.slide.id));
    } catch {
      /* The card says already that the size is not known. */
    }
  }

  private renew(slide: SlideOut): void {
    this.slide = slide;
    this.told.changed(slide);
    this.show();
  }

  private picture(): HTMLElement {
    const frame = h("div", { class: "thumb" });
    const image = h("img", {
      src: this.context.api.thumbnail(this.slide.id), alt: "", loading: "lazy", decoding: "async",
    });
    image.addEventListener("error", () => fill(frame, h("span", { class: "small muted" }, "no picture")));
    fill(frame, image);
    return frame;
  }

  private show(extra: Child = null): void {
    const { slide } = this;
    const known = slide.stated_mpp ?? slide.mpp;
    fill(this.facts, [
      h("h2", { class: "clip", title: slide.label }, slide.label),
      h("p", { class: "small muted" }, pixels(slide.width_px, slide.height_px)),
      h("p", { class: "small muted" }, [
        bytes(slide.size),
        slide.created ? ` · ${moment(slide.created)}` : " · in your folder",
      ]),
      known
        ? h("p", { class: "small" }, `${mpp(known)}${slide.stated_mpp ? " (stated by you)" : ""}`)
        : !extra && this.pixelSizeUnknown(),
      extra,
      ...(extra ? [] : this.actions()),
    ]);
  }

  /** Stated here for uploads; what lies in a folder is changed there alone, so its jobs say it. */
  private pixelSizeUnknown(): Child {
    const { uploaded, width_px } = this.slide;
    if (!uploaded && width_px === null) return null;
    const asking = uploaded ? "Say it, so that cells are measured right." : "State it in each job (mpp).";
    const text = `The file does not say how large a pixel is. ${asking}`;
    return h("div", { class: "notice wait" }, [h("p", { class: "small" }, text), uploaded && this.sizeForm(false)]);
  }

  private actions(): Child[] {
    const { slide } = this;
    const named = { "aria-label": `Segment cells of ${slide.label}` };
    const segment = link(addressOf.composeWith(slide.id), "Segment cells", { class: "button primary", ...named });
    const quiet = (label: string, about: string, act: () => void, kind = ""): HTMLElement =>
      button(label, act, { class: `button quiet ${kind}`, "aria-label": `${label}${about} ${slide.label}` });
    const known = (slide.stated_mpp ?? slide.mpp) !== null;
    const changes = slide.uploaded && h("div", { class: "row wrap" }, [
      quiet("Rename", "", () => this.edit(this.nameForm())),
      known && quiet("Pixel size", " of", () => this.edit(this.sizeForm(true))),
      h("span", { class: "grow" }),
      quiet("Delete", "", () => void attempt(() => this.remove()), "danger-text"),
    ]);
    return [h("div", { class: "row" }, segment), changes];
  }

  private edit(form: HTMLElement): void {
    this.show(form);
    form.querySelector("input")?.focus();
  }

  private nameForm(): HTMLElement {
    const id = freshId("name");
    const input = h("input", { id, value: this.slide.label, maxlength: 200, required: true });
    return this.form([h("label", { for: id }, "Name"), input], () => ({ label: input.value }), true);
  }

  private sizeForm(folds: boolean): HTMLElement {
    const id = freshId("mpp");
    const value = this.slide.stated_mpp ?? this.slide.mpp ?? "";
    const input = h("input", { id, type: "number", step: "any", min: 0.01, max: 100, value, required: true });
    const usual = USUAL.map(([label, size]) =>
      button(`${label}: ${size}`, () => (input.value = String(size)), { class: "button quiet" }),
    );
    const fields = [h("label", { for: id }, "µm per pixel"), h("div", { class: "row wrap" }, [input, ...usual])];
    return this.form(fields, () => ({ mpp: Number(input.value) }), folds);
  }

  /** What folds can be left without a change. */
  private form(fields: Child[], read: () => { label?: string; mpp?: number }, folds: boolean): HTMLElement {
    const back = folds && button("Cancel", () => this.show());
    const save = h("button", { type: "submit", class: "button primary" }, "Save");
    const form = h("form", { class: "stack" }, [...fields, h("div", { class: "row" }, [save, back])]);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void attempt(() => this.save(read()));
    });
    form.addEventListener("keydown", (event) => event.key === "Escape" && this.show());
    return form;
  }

  private async save(change: { label?: string; mpp?: number }): Promise<void> {
    this.renew(await this.context.api.changeSlide(this.slide.id, change));
    tell("Saved");
  }

  private async remove(): Promise<void> {
    const { label, id } = this.slide;
    const text = "The file is deleted for good. Results that were made from it stay.";
    if (!(await confirmed(`Delete ${label}?`, text, "Delete the slide"))) return;
    await this.context.api.deleteSlide(id);
    tell(`${label} is deleted`);
    this.told.removed();
  }
}
