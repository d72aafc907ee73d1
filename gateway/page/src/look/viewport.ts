/** The slide with everything that lies upon it. */

import { h } from "../dom";
import type { Cell } from "./cells";
import { Tip } from "./cellcard";
import { Notices, Overview, Scale, Status, toolbar } from "./frame";
import { type Point, type Size, toSlide } from "./geometry";
import type { Command } from "./keys";
import { Canvas, type Marks } from "./marks";
import { type Stage, openStage } from "./stage";

export interface Given {
  readonly slide: Size;
  readonly label: string;
  /** µm per level-0 pixel; null: not known. */
  readonly mpp: number | null;
  /** Address of a small picture of the slide; null: there is none. */
  readonly thumbnail: string | null;
  readonly onCommand: (command: Command) => void;
  /** The view has changed. */
  readonly onView: () => void;
  /** The pointer is there, level-0 pixels; null: it is not on the slide. */
  readonly onPoint: (at: Point | null) => void;
  readonly onClick: (at: Point) => void;
  readonly onTileFailure: () => void;
}

const LABEL =
  "in deep zoom: arrow keys move it, plus and minus zoom, Enter selects the cell nearest to the middle";

export class Viewport {
  readonly status = new Status();
  readonly toast = new Status();
  readonly notices = new Notices();
  readonly element: HTMLElement;
  private readonly tip = new Tip();
  private readonly canvas = new Canvas(h("canvas", { class: "look-marks", "aria-hidden": "true" }));
  private readonly scale: Scale;
  private readonly overview: Overview | null;
  private marks: Marks = { tissue: null, tissueOpacity: 0, hovered: null, selected: null };
  private pointer: Point | null = null;
  private frame = 0;
  private toastTimer = 0;
  private seen = "";
  private made: Stage | null = null;

  constructor(private readonly given: Given) {
    const { slide, mpp, thumbnail } = given;
    this.scale = new Scale(mpp);
    const go = (at: Point) => this.stage.go({ ...at, zoom: this.stage.view?.zoom ?? 1 });
    this.overview = thumbnail ? new Overview(thumbnail, slide, go) : null;
    this.element = h("div", { class: "look-view" });
    this.toast.element.classList.add("look-toast");
    this.toast.element.setAttribute("role", "status");
  }

  get stage(): Stage {
    if (!this.made) throw new Error("the stage is not open yet");
    return this.made;
  }

  /** Where the pointer is, level-0 pixels; null: not on the slide. */
  get pointed(): Point | null {
    const { view, screen } = this.stage;
    return this.pointer && view ? toSlide(this.pointer, view, screen) : null;
  }

  async open(): Promise<Stage> {
    const { slide, label, onCommand, onTileFailure } = this.given;
    const host = h("div", { class: "look-stage" }, [], {
      pointermove: (event) => this.move(event),
      pointerleave: () => this.leave(),
    });
    this.element.append(
      host,
      this.canvas.element,
      this.tip.element,
      toolbar(onCommand),
      ...(this.overview ? [this.overview.element] : []),
      this.scale.element,
      this.status.element,
      this.notices.element,
      this.toast.element,
    );
    this.made = await openStage(host, slide, `${label} ${LABEL}`, {
      onView: () => this.follow(),
      onClick: (at) => this.click(at),
      onTileFailure,
    });
    return this.made;
  }

  /** µm per level-0 pixel are known by now. */
  know(mpp: number | null): void {
    this.scale.know(mpp);
    this.stage.redraw();
  }

  /** Draw these marks. */
  mark(change: Partial<Marks>): void {
    this.marks = { ...this.marks, ...change };
    this.later();
  }

  /** Show a few measures at the pointer, or none. */
  hint(cell: Cell | null): void {
    if (this.pointer) this.tip.show(cell, this.pointer, this.stage.screen);
    else this.tip.hide();
  }

  /** Say something that matters just now. */
  say(text: string): void {
    clearTimeout(this.toastTimer);
    this.toast.show(text);
    this.toastTimer = window.setTimeout(() => this.toast.show(""), 4000);
  }

  end(): void {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.toastTimer);
    this.made?.end();
  }

  private click(at: Point): void {
    const { view, screen } = this.stage;
    if (view) this.given.onClick(toSlide(at, view, screen));
  }

  private follow(): void {
    const { view, screen } = this.stage;
    if (!view) return;
    this.canvas.draw(view, screen, this.marks);
    this.scale.show(view);
    this.overview?.show(view, screen);
    // It is drawn again, too, whenever a tile comes.
    const seen = [view.x, view.y, view.zoom, screen.width, screen.height].join();
    if (seen !== this.seen) this.given.onView();
    this.seen = seen;
  }

  /** At most once a frame. */
  private later(): void {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      const { view, screen } = this.stage;
      if (view) this.canvas.draw(view, screen, this.marks);
      this.given.onPoint(this.pointed);
    });
  }

  private move(event: PointerEvent): void {
    if (event.pointerType === "touch") return;
    const { left, top } = this.element.getBoundingClientRect();
    this.pointer = event.buttons ? null : { x: event.clientX - left, y: event.clientY - top };
    this.later();
  }

  private leave(): void {
    this.pointer = null;
    this.later();
  }
}
