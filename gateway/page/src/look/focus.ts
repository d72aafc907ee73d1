/** The cell under the pointer, and the one that is selected. */

import { type Cell, nearest } from "./cells";
import type { Point } from "./geometry";
import type { Nearby } from "./nearby";
import type { Panel } from "./panel";
import type { Viewport } from "./viewport";

const ADVICE_FAR = "Zoom in until single cells are told apart, then point at one or click it.";
const ADVICE_NEAR =
  "Point at a cell, or click it, for its measures. Enter selects the one nearest to the middle.";

export class Focus {
  private hovered: Cell | null = null;
  private selected: Cell | null = null;

  /**
   * @param wanted id of a cell to be selected once it has come, from a link
   * @param onSelect told when another cell is selected, or none
   */
  constructor(
    private readonly viewport: Viewport,
    private readonly nearby: Nearby,
    private readonly panel: Panel,
    private wanted: string | null,
    private readonly onSelect: () => void,
  ) {}

  /** Id of the selected cell, or of the one that is to be. */
  get id(): string | null {
    return this.selected?.id ?? this.wanted;
  }

  /** The pointer is there; null: nowhere, or cells are not shown. */
  point(at: Point | null): void {
    this.hover(at && this.nearby.hit(at));
  }

  click(at: Point): void {
    this.select(this.nearby.hit(at));
  }

  select(cell: Cell | null): void {
    this.wanted = null;
    this.selected = cell;
    this.viewport.mark({ selected: cell });
    this.panel.summary.showCell(cell);
    this.show();
    this.onSelect();
  }

  /** The way to a cell without a pointer. */
  selectMiddle(): void {
    const { view } = this.viewport.stage;
    const known = this.nearby.known();
    const cell = view && known ? nearest(known.values(), view) : null;
    this.select(cell);
    const advice = known ? "There is no cell in view." : "Zoom in first: cells are too small here.";
    this.viewport.say(cell ? `Selected: a cell of ${cell.area_um2.toFixed(1)} µm²` : advice);
  }

  /** Other cells are near now, or more of them are known. */
  renew(): void {
    const known = this.nearby.known();
    const found = known?.get(this.wanted ?? this.selected?.id ?? "");
    if (found && found !== this.selected) this.select(found);
    const coming = known !== null && !known.size && !this.nearby.complete;
    this.panel.summary.showInView(known && !coming ? [...known.values()] : null, coming);
    this.show();
  }

  private hover(cell: Cell | null): void {
    this.viewport.hint(cell);
    if (cell === this.hovered) return;
    this.hovered = cell;
    this.viewport.mark({ hovered: cell });
    this.show();
  }

  private show(): void {
    const shown = this.hovered ?? this.selected;
    const advice = this.nearby.known() ? ADVICE_NEAR : ADVICE_FAR;
    this.panel.cell.show(shown, shown === this.selected, advice);
  }
}
