/** What surrounds the slide: buttons, scale bar, overview, status, help. */

import { button, fill, h } from "../dom";
import { type IconName, icon } from "./icons";
import { type Command, TOLD } from "./keys";
import type { Point, Size, View } from "./geometry";
import { boxOfView } from "./geometry";
import { magnification } from "./format";
import { scaleBar } from "./scalebar";

const BAR_PX = 140;

/** The scale bar, and how much the slide is magnified. */
export class Scale {
  private readonly bar = h("div", { class: "look-bar-line" });
  private readonly label = h("span");
  private readonly power = h("span", { class: "look-power" });
  readonly element = h("div", { class: "look-scale" }, [
    h("div", {}, [this.label, this.bar]),
    this.power,
  ]);

  /** @param mpp µm per level-0 pixel; null: not known */
  constructor(private mpp: number | null) {}

  know(mpp: number | null): void {
    this.mpp = mpp;
  }

  show(view: View): void {
    const unitsPerPx = (this.mpp ?? 1) / view.zoom;
    const bar = scaleBar(unitsPerPx, BAR_PX, this.mpp !== null);
    if (!bar) return;
    this.bar.style.width = `${bar.widthPx}px`;
    if (this.label.textContent !== bar.label) this.label.textContent = bar.label;
    const power = this.mpp === null ? "µm per pixel not known" : magnification(unitsPerPx);
    if (this.power.textContent !== power) this.power.textContent = power;
  }
}

const TOOLS: readonly (readonly [Command, IconName, string])[] = [
  ["in", "in", "Zoom in"],
  ["out", "out", "Zoom out"],
  ["home", "home", "Whole slide"],
  ["full", "full", "Full screen"],
  ["link", "link", "Copy a link to this view"],
  ["help", "help", "Keys"],
];

export function toolbar(onCommand: (command: Command) => void): HTMLElement {
  return h(
    "div",
    { class: "look-tools", role: "group", "aria-label": "View" },
    TOOLS.map(([command, name, label]) =>
      button(icon(name), () => onCommand(command), {
        class: "look-tool",
        "aria-label": label,
        title: label,
      }),
    ),
  );
}

/** The whole slide, small, with what is seen of it; a click goes there. */
export class Overview {
  private readonly frame = h("div", { class: "look-overview-frame" });
  readonly element: HTMLElement;

  constructor(
    image: string,
    private readonly slide: Size,
    private readonly onGo: (at: Point) => void,
  ) {
    const picture = h("img", { src: image, alt: "", draggable: "false" }, [], {
      error: () => (this.element.hidden = true),
    });
    // The keys move the slide just as well: this is for the pointer alone.
    this.element = h(
      "div",
      { class: "look-overview", "aria-hidden": "true" },
      [picture, this.frame],
      {
        pointerdown: (event) => this.go(event),
        pointermove: (event) => event.buttons && this.go(event),
      },
    );
  }

  show(view: View, screen: Size): void {
    const box = boxOfView(view, screen);
    const { width, height } = this.slide;
    const percent = (value: number) => `${100 * Math.min(Math.max(value, 0), 1)}%`;
    this.frame.style.left = percent(box.x0 / width);
    this.frame.style.top = percent(box.y0 / height);
    this.frame.style.right = percent(1 - box.x1 / width);
    this.frame.style.bottom = percent(1 - box.y1 / height);
  }

  private go(event: PointerEvent): void {
    const { left, top, width, height } = this.element.getBoundingClientRect();
    const x = ((event.clientX - left) / width) * this.slide.width;
    const y = ((event.clientY - top) / height) * this.slide.height;
    event.preventDefault();
    this.onGo({ x, y });
  }
}

/** One line about how things are; not read out by itself, as it may change every second. */
export class Status {
  readonly element = h("p", { class: "look-status small", hidden: true });

  show(text: string, kind: "busy" | "bad" | "wait" | "" = ""): void {
    if (this.element.textContent !== text) this.element.textContent = text;
    this.element.dataset["kind"] = kind;
    this.element.hidden = !text;
  }
}

/** What keys do. */
export function help(letters: boolean, onLetters: (on: boolean) => void): HTMLDialogElement {
  const box = h("input", { type: "checkbox", id: "look-letters", checked: letters }, [], {
    change: () => onLetters(box.checked),
  });
  const dialog = h("dialog", { class: "look-help", "aria-labelledby": "look-help-title" }, [
    h("h2", { id: "look-help-title" }, "Keys"),
    h(
      "dl",
      {},
      TOLD.flatMap(([keys, what]) => [h("dt", {}, keys.map(key)), h("dd", {}, what)]),
    ),
    h("p", { class: "small" }, [
      box,
      " ",
      h("label", { for: "look-letters" }, "Letters work outside the slide, too"),
    ]),
    h(
      "p",
      { class: "small muted" },
      "By mouse or finger: drag, scroll or pinch; double-click to zoom in; click a cell for its measures.",
    ),
    button("Close", () => dialog.close()),
  ]);
  return dialog;
}

function key(name: string): HTMLElement {
  return h("kbd", {}, name);
}

/** In place of the slide, where there is nothing to see: why, and what to do. */
export function nothing(title: string, text: string, actions: readonly HTMLElement[]): HTMLElement {
  return h("div", { class: "look-nothing" }, [
    h("h1", {}, title),
    h("p", {}, text),
    h("div", { class: "look-actions" }, [...actions]),
  ]);
}

/** A notice above the slide; empty: none. */
export class Notices {
  readonly element = h("div", { class: "look-notices", role: "status" });
  private readonly told = new Map<string, string>();

  say(about: string, text: string | null): void {
    if ((this.told.get(about) ?? null) === text) return;
    if (text) this.told.set(about, text);
    else this.told.delete(about);
    fill(
      this.element,
      [...this.told.values()].map((each) => h("p", { class: "look-notice small" }, each)),
    );
  }
}
