/** The cells of what is looked at, fetched by squares of the slide and kept for a while. */

import { type Cell, CellIndex, type CellsAnswer } from "./cells";
import type { Box, Point } from "./geometry";

const MOST_CHUNKS = 64;
const AT_ONCE = 4;
/** A square with more cells than are told at once is fetched in quarters, and so on. */
const DEEPEST = 3;
const FIELDS_PER_SIDE = 24;

export interface Chunk {
  readonly key: string;
  readonly box: Box;
}

/** The squares of a grid that a box meets, the middle ones first: somebody looks there. */
export function chunksOf(box: Box, side: number): Chunk[] {
  const found: Chunk[] = [];
  for (let row = Math.floor(box.y0 / side); row * side < box.y1; row++) {
    for (let column = Math.floor(box.x0 / side); column * side < box.x1; column++) {
      const [x0, y0] = [column * side, row * side];
      found.push({
        key: `${side}:${column},${row}`,
        box: { x0, y0, x1: x0 + side, y1: y0 + side },
      });
    }
  }
  const [x, y] = [(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2];
  const away = (each: Box) => Math.hypot((each.x0 + each.x1) / 2 - x, (each.y0 + each.y1) / 2 - y);
  return found.sort((one, other) => away(one.box) - away(other.box));
}

export function quarters({ x0, y0, x1, y1 }: Box): Box[] {
  const [x, y] = [(x0 + x1) / 2, (y0 + y1) / 2];
  return [
    { x0, y0, x1: x, y1: y },
    { x0: x, y0, x1, y1: y },
    { x0, y0: y, x1: x, y1 },
    { x0: x, y0: y, x1, y1 },
  ];
}

export type Fetch = (box: Box, signal: AbortSignal) => Promise<CellsAnswer>;

/** All cells that meet a box, each once. */
export async function allIn(
  box: Box,
  fetchCells: Fetch,
  signal: AbortSignal,
  depth = 0,
): Promise<Cell[]> {
  const answer = await fetchCells(box, signal);
  if (!answer.truncated || depth === DEEPEST) return [...answer.cells];
  const found = new Map<string, Cell>();
  for (const quarter of quarters(box)) {
    for (const cell of await allIn(quarter, fetchCells, signal, depth + 1))
      found.set(cell.id, cell);
  }
  return [...found.values()];
}

/** Keeps the cells of what was looked at last.
 *
 * Asking for another place gives up what is still under way for the place before, unless both
 * need it.
 */
export class Chunks {
  private readonly held = new Map<string, CellIndex>();
  private readonly running = new Map<string, AbortController>();
  private readonly stale = new Set<string>();
  private waiting: Chunk[] = [];
  private wanted: Chunk[] = [];

  /**
   * @param fetchCells asks the server
   * @param sidePx side of a square, level-0 pixels
   * @param onChange called when cells have come
   * @param onFailure called when they could not be had
   */
  constructor(
    private readonly fetchCells: Fetch,
    private readonly sidePx: number,
    private readonly onChange: () => void,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  /** Have the cells in a box. */
  want(box: Box | null): void {
    this.wanted = box ? chunksOf(box, this.sidePx) : [];
    const keys = new Set(this.wanted.map((chunk) => chunk.key));
    for (const [key, controller] of this.running) {
      if (!keys.has(key)) this.stop(key, controller);
    }
    this.again();
  }

  /** There are other cells now. What is held of the view is shown until the others have come. */
  refresh(): void {
    for (const [key, controller] of this.running) this.stop(key, controller);
    for (const key of this.held.keys()) this.stale.add(key);
    this.again();
  }

  /** Ask again for what has not come. */
  again(): void {
    this.waiting = this.wanted.filter(({ key }) => !this.has(key) && !this.running.has(key));
    this.next();
  }

  /** Whether all that is wanted has come. */
  get complete(): boolean {
    return this.wanted.every(({ key }) => this.has(key));
  }

  /** The cells that have come of what is wanted, each once. */
  cells(): Map<string, Cell> {
    const found = new Map<string, Cell>();
    for (const { key } of this.wanted) {
      for (const cell of this.held.get(key)?.cells ?? []) found.set(cell.id, cell);
    }
    return found;
  }

  /** The cell at a point; null: there is none, or it has not come. */
  hit(point: Point): Cell | null {
    const side = this.sidePx;
    const key = `${side}:${Math.floor(point.x / side)},${Math.floor(point.y / side)}`;
    return this.held.get(key)?.hit(point) ?? null;
  }

  /** Give up all that is under way. */
  end(): void {
    this.want(null);
  }

  private forget(key: string): void {
    this.held.delete(key);
    this.stale.delete(key);
  }

  private has(key: string): boolean {
    return this.held.has(key) && !this.stale.has(key);
  }

  private stop(key: string, controller: AbortController): void {
    this.running.delete(key);
    controller.abort();
  }

  private next(): void {
    while (this.running.size < AT_ONCE) {
      const chunk = this.waiting.shift();
      if (!chunk) return;
      void this.bring(chunk);
    }
  }

  private async bring({ key, box }: Chunk): Promise<void> {
    const controller = new AbortController();
    this.running.set(key, controller);
    try {
      const cells = await allIn(box, this.fetchCells, controller.signal);
      if (!controller.signal.aborted)
        this.keep(key, new CellIndex(cells, this.sidePx / FIELDS_PER_SIDE));
    } catch (error) {
      if (!controller.signal.aborted) this.fail(error);
    } finally {
      if (this.running.get(key) === controller) this.running.delete(key);
      this.next();
    }
  }

  private fail(error: unknown): void {
    // One refusal is enough: the others would be refused, too.
    this.waiting = [];
    this.onFailure(error);
  }

  private keep(key: string, index: CellIndex): void {
    this.stale.delete(key);
    this.held.delete(key);
    this.held.set(key, index);
    const wanted = new Set(this.wanted.map((chunk) => chunk.key));
    for (const old of this.held.keys()) {
      if (this.held.size <= MOST_CHUNKS) break;
      if (!wanted.has(old)) this.forget(old);
    }
    this.onChange();
  }
}
