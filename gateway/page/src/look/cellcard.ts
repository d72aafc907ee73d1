/** The measures of one cell, beside the slide, and in short at the pointer. */

import { fill, h } from "../dom";
import type { Cell } from "./cells";
import { count } from "../format";
import { figure } from "./format";
import type { Point, Size } from "./geometry";
import { MEASURES, withUnit } from "./measures";

const ASIDE_PX = 14;

export class CellCard {
  private readonly body = h("div", { class: "look-cell" });
  readonly element = h("section", { class: "look-section", "aria-labelledby": "look-cell-title" }, [
    h("h2", { id: "look-cell-title" }, "Cell"),
    this.body,
  ]);

  /** Show a cell, or how to come to one. */
  show(cell: Cell | null, selected: boolean, advice: string): void {
    if (!cell) return fill(this.body, h("p", { class: "muted small" }, advice));
    fill(this.body, [
      h("p", { class: "small muted" }, selected ? "Selected" : "Under the pointer"),
      measureList(cell),
      ...notesOn(cell).map((note) => h("p", { class: "look-note small" }, note)),
    ]);
  }
}

function measureList(cell: Cell): HTMLElement {
  const [x, y] = cell.centroid;
  const rows = MEASURES.map(({ name, label, unit }) =>
    row(label, withUnit(figure(cell[name]), unit)),
  );
  return h("dl", { class: "look-list" }, [
    ...rows.flat(),
    ...row("Centre", `${count(Math.round(x))}, ${count(Math.round(y))} px`),
    ...row("Id", cell.id, "mono look-id"),
  ]);
}

function row(label: string, value: string, style = ""): HTMLElement[] {
  return [h("dt", {}, label), h("dd", { class: style || null }, value)];
}

function notesOn(cell: Cell): string[] {
  return [
    ...(cell.clipped ? ["Clipped: no tile saw this cell whole; its measures are too small."] : []),
    ...(cell.rescued ? ["Taken from a neighbouring tile, which saw it whole."] : []),
  ];
}

/** A few words at the pointer. */
export class Tip {
  readonly element = h("div", { class: "look-tip", "aria-hidden": "true", hidden: true });

  show(cell: Cell | null, at: Point, screen: Size): void {
    this.element.hidden = !cell;
    if (!cell) return;
    const [area, axis] = [figure(cell.area_um2), figure(cell.major_axis_um)];
    this.element.textContent = `${area} µm² · ${axis} µm long`;
    const right = at.x > screen.width - 190;
    const below = at.y < 50;
    this.element.style.left = `${at.x + (right ? -ASIDE_PX : ASIDE_PX)}px`;
    this.element.style.top = `${at.y + (below ? ASIDE_PX : -ASIDE_PX)}px`;
    this.element.style.transform = `translate(${right ? "-100%" : "0"}, ${below ? "0" : "-100%"})`;
  }

  hide(): void {
    this.element.hidden = true;
  }
}
