/** Cells as the server tells them, and which of them is under the pointer. */

import type { Box, Point } from "./geometry";

/** What is told of each cell; `measures` names and units are the server's. */
export interface Cell {
  readonly id: string;
  readonly centroid: readonly [number, number];
  /** x, y, x, y, ... in level-0 pixels, not closed. */
  readonly outline: readonly number[];
  readonly area_um2: number;
  readonly perimeter_um: number;
  readonly major_axis_um: number;
  readonly minor_axis_um: number;
  readonly eccentricity: number;
  readonly solidity: number;
  readonly haematoxylin_od: number;
  readonly eosin_od: number;
  readonly dab_od: number;
  readonly clipped: boolean;
  readonly rescued: boolean;
}

/** The answer of `/jobs/{id}/cells`. */
export interface CellsAnswer {
  readonly provisional: boolean;
  readonly total: number;
  readonly truncated: boolean;
  readonly advice: string | null;
  readonly cells: readonly Cell[];
}

export function boxAround(outline: readonly number[]): Box {
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let at = 0; at + 1 < outline.length; at += 2) {
    const x = outline[at] as number;
    const y = outline[at + 1] as number;
    if (x < x0) x0 = x;
    if (x > x1) x1 = x;
    if (y < y0) y0 = y;
    if (y > y1) y1 = y;
  }
  return { x0, y0, x1, y1 };
}

/** Whether a point lies in a polygon, by the even-odd rule. */
export function inOutline(outline: readonly number[], { x, y }: Point): boolean {
  let inside = false;
  const corners = outline.length / 2;
  for (let at = 0, before = corners - 1; at < corners; before = at++) {
    const x1 = outline[2 * at] as number;
    const y1 = outline[2 * at + 1] as number;
    const x0 = outline[2 * before] as number;
    const y0 = outline[2 * before + 1] as number;
    if (y1 > y !== y0 > y && x < ((x0 - x1) * (y - y1)) / (y0 - y1) + x1) inside = !inside;
  }
  return inside;
}

/** Finds cells by place: a grid of fields, each with the cells whose boxes meet it. */
export class CellIndex {
  readonly cells: readonly Cell[];
  private readonly fields = new Map<string, Cell[]>();

  /** @param fieldPx side of a field in level-0 pixels, about that of a few cells */
  constructor(
    cells: readonly Cell[],
    private readonly fieldPx: number,
  ) {
    this.cells = cells;
    for (const cell of cells) this.put(cell);
  }

  private put(cell: Cell): void {
    const box = boxAround(cell.outline);
    const [left, right] = [this.field(box.x0), this.field(box.x1)];
    const [top, bottom] = [this.field(box.y0), this.field(box.y1)];
    for (let row = top; row <= bottom; row++) {
      for (let column = left; column <= right; column++) this.at(column, row, true).push(cell);
    }
  }

  private field(side: number): number {
    return Math.floor(side / this.fieldPx);
  }

  private at(column: number, row: number, make = false): Cell[] {
    const key = `${column},${row}`;
    const held = this.fields.get(key) ?? [];
    if (make) this.fields.set(key, held);
    return held;
  }

  /** The cell at a point; where outlines overlap, the smallest: the others can be reached beside. */
  hit(point: Point): Cell | null {
    const near = this.at(this.field(point.x), this.field(point.y));
    const met = near.filter((cell) => inOutline(cell.outline, point));
    return met.reduce<Cell | null>(
      (best, cell) => (best && best.area_um2 <= cell.area_um2 ? best : cell),
      null,
    );
  }
}

/** The cell whose centroid is nearest to a point; null: there are none. */
export function nearest(cells: Iterable<Cell>, { x, y }: Point): Cell | null {
  let best: Cell | null = null;
  let least = Infinity;
  for (const cell of cells) {
    const distance = (cell.centroid[0] - x) ** 2 + (cell.centroid[1] - y) ** 2;
    if (distance < least) [best, least] = [cell, distance];
  }
  return best;
}
