/** Slides: what there is, and more of them by drag and drop. */

import { button, fill, h } from "../../dom";
import type { SlideOut } from "../../types";
import { attempt, empty, failed, loading, tell } from "../../ui";
import type { Context, View } from "../view";
import { slideCard } from "./card";
import { UploadRows } from "./rows";

const TAKEN = "SVS, NDPI, TIFF and OME-TIFF, BIF, SCN, CZI, PNG or JPEG";

/** The view. */
export const slidesView: View = (root, context) => new SlidesPage(root, context).end;

class SlidesPage {
  private readonly list = h("ul", { class: "slides", "aria-label": "Your slides" });
  private readonly below = h("div");
  private readonly input = h("input", { type: "file", multiple: true, class: "unseen", tabindex: -1, "aria-hidden": "true" });
  private readonly ended = new AbortController();
  private readonly sending: UploadRows;
  private slides: SlideOut[] = [];
  private next: string | null = null;

  constructor(
    private readonly root: HTMLElement,
    private readonly context: Context,
  ) {
    this.sending = new UploadRows(context.uploads);
    this.input.addEventListener("change", () => this.take(this.input.files));
    fill(root, [
      h("div", { class: "head" }, [
        h("h1", {}, "Slides"),
        h("span", { class: "grow" }),
        button("Upload slides", () => this.input.click(), { class: "button primary" }),
        this.input,
      ]),
      this.sending.root,
      this.list,
      this.below,
    ]);
    this.listen();
    void this.load();
  }

  readonly end = (): void => {
    this.ended.abort();
    this.context.uploads.onChange = () => undefined;
    this.context.uploads.onDone = () => tell("An upload has arrived");
  };

  private listen(): void {
    const { signal } = this.ended;
    this.context.uploads.onChange = () => this.sending.show();
    this.context.uploads.onDone = (slide) => void attempt(() => this.arrived(slide));
    document.addEventListener("dragover", (event) => this.over(event, true), { signal });
    document.addEventListener("dragleave", (event) => this.over(event, false), { signal });
    document.addEventListener("drop", (event) => this.drop(event), { signal });
  }

  private over(event: DragEvent, inside: boolean): void {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    const stays = inside || event.relatedTarget !== null;
    this.root.classList.toggle("dropping", stays);
  }

  private drop(event: DragEvent): void {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.root.classList.remove("dropping");
    this.take(event.dataTransfer.files);
  }

  private take(files: FileList | null): void {
    this.context.uploads.add(Array.from(files ?? []));
    this.input.value = "";
  }

  private async arrived(id: string): Promise<void> {
    this.slides.unshift(await this.context.api.slide(id));
    const sent = this.context.uploads.all.find((each) => each.slide === id);
    if (sent) this.context.uploads.forget(sent);
    this.showSlides();
    tell(`${this.slides[0]!.label} is here`);
  }

  private async load(cursor: string | null = null): Promise<void> {
    if (!cursor) fill(this.below, loading("your slides"));
    try {
      const page = await this.context.api.slides(cursor);
      if (this.ended.signal.aborted) return;
      this.slides = cursor ? [...this.slides, ...page.items] : page.items;
      this.next = page.next;
      this.showSlides();
    } catch (error) {
      if (!this.ended.signal.aborted) fill(this.below, failed(error, () => void this.load(cursor)));
    }
  }

  private showSlides(): void {
    fill(this.list, this.slides.map((slide) => this.card(slide)));
    if (this.next) fill(this.below, button("Show more", () => void this.load(this.next)));
    else fill(this.below, this.slides.length === 0 ? this.nothing() : this.hint());
  }

  private card(slide: SlideOut): HTMLElement {
    return slideCard(slide, this.context, {
      changed: (changed) => {
        this.slides = this.slides.map((each) => (each.id === changed.id ? changed : each));
      },
      removed: () => {
        this.slides = this.slides.filter((each) => each.id !== slide.id);
        this.showSlides();
        this.root.querySelector<HTMLElement>(".button.primary")?.focus();
      },
    });
  }

  private nothing(): HTMLElement {
    const choose = button("Choose files", () => this.input.click(), { class: "button primary" });
    return h("div", { class: "dropzone" }, empty(
      "Drop a slide here",
      `or choose files: ${TAKEN}. An upload can be paused and goes on after a lost connection.`,
      [choose],
    ));
  }

  private hint(): HTMLElement {
    return h("p", { class: "muted small" }, `Drop more slides anywhere on this page: ${TAKEN}.`);
  }
}
