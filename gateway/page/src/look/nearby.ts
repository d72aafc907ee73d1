/** The cells near the pointer and in view, while the slide is near enough to tell them apart. */

import { Refused } from "../api";
import type { Cell } from "./cells";
import { Chunks, type Fetch } from "./chunks";
import { type Point, type Size, type View, boxOfView, onSlide } from "./geometry";

/** Beyond this many µm per CSS pixel a nucleus is a speck of a few pixels. */
const FARTHEST_UM_PER_PX = 0.75;
/** The same where µm are not known: CSS pixels per level-0 pixel. */
const LEAST_ZOOM = 0.4;
/** A square with so long sides holds hundreds of cells, seldom more than are told at once. */
const CHUNK_UM = 320;
const CHUNK_PX = 1024;
const LONGEST_PAUSE_S = 30;

export interface NearbyEvents {
  readonly onCells: () => void;
  /** They cannot be had, for a reason that is not the connection. */
  readonly onRefused: (refused: Refused | null) => void;
  readonly onLost: () => void;
}

export class Nearby {
  private readonly chunks: Chunks;
  private timer = 0;
  private near = false;

  /** @param mpp µm per level-0 pixel; null: not known */
  constructor(
    fetchCells: Fetch,
    private readonly slide: Size,
    private readonly mpp: number | null,
    private readonly events: NearbyEvents,
  ) {
    const side = mpp === null ? CHUNK_PX : Math.max(64, Math.round(CHUNK_UM / mpp));
    const come = () => {
      events.onRefused(null);
      events.onCells();
    };
    this.chunks = new Chunks(fetchCells, side, come, (error) => this.fail(error));
  }

  /** Whether single cells can be told apart in this view. */
  isNear(view: View): boolean {
    if (this.mpp === null) return view.zoom >= LEAST_ZOOM;
    return this.mpp / view.zoom <= FARTHEST_UM_PER_PX;
  }

  /** Somebody looks there now. */
  look(view: View, screen: Size): void {
    clearTimeout(this.timer);
    this.near = this.isNear(view);
    this.chunks.want(this.near ? onSlide(boxOfView(view, screen), this.slide) : null);
  }

  /** There are other cells now. */
  renew(): void {
    this.chunks.refresh();
  }

  hit(at: Point): Cell | null {
    return this.near ? this.chunks.hit(at) : null;
  }

  /** All that have come of those near the view; null: it is too far away. */
  known(): Map<string, Cell> | null {
    return this.near ? this.chunks.cells() : null;
  }

  get complete(): boolean {
    return this.chunks.complete;
  }

  end(): void {
    clearTimeout(this.timer);
    this.chunks.end();
  }

  private fail(error: unknown): void {
    if (!(error instanceof Refused)) throw error;
    if (error.status === 0) return this.events.onLost();
    if (error.retryAfter !== null) {
      const pauseS = Math.min(error.retryAfter, LONGEST_PAUSE_S);
      this.timer = window.setTimeout(() => this.chunks.again(), 1000 * pauseS);
    } else this.events.onRefused(error);
  }
}
