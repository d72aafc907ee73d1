/** What is drawn over the tiles: tissue, and the cells that are pointed at and selected.
 *
 * One canvas, drawn in the frame in which the slide is drawn.
 */

import type { Cell } from "./cells";
import type { Size, View } from "./geometry";

/** Rings of the tissue's areas, holes among them: x, y pairs in level-0 pixels. */
export type Ring = readonly (readonly [number, number])[];

export interface Marks {
  readonly tissue: Path2D | null;
  readonly tissueOpacity: number;
  readonly hovered: Cell | null;
  readonly selected: Cell | null;
}

interface Stroke {
  readonly colour: string;
  readonly widthPx: number;
}

// Seen on haematoxylin and eosin, on glass, and on the green of the outlines: dark within light.
const SELECTED: readonly Stroke[] = [
  { colour: "#ffffff", widthPx: 6 },
  { colour: "#3b1fa3", widthPx: 3 },
];
const HOVERED: readonly Stroke[] = [
  { colour: "#ffffff", widthPx: 4 },
  { colour: "#1d1a26", widthPx: 1.5 },
];
const TISSUE: readonly Stroke[] = [
  { colour: "#ffffff", widthPx: 4 },
  { colour: "#0a5fd0", widthPx: 2 },
];
const TISSUE_FILL = "rgb(10 95 208 / 18%)";

/** One path of all rings, made once: the browser scales it. */
export function pathOf(rings: readonly Ring[]): Path2D {
  const path = new Path2D();
  for (const ring of rings) {
    ring.forEach(([x, y], at) => (at ? path.lineTo(x, y) : path.moveTo(x, y)));
    path.closePath();
  }
  return path;
}

/** The rings of all areas of a GeoJSON document. */
export function ringsOf(document: unknown): Ring[] {
  const features = (document as { features?: unknown[] } | null)?.features ?? [];
  return features.flatMap((feature) => {
    const geometry = (feature as { geometry?: { type?: string; coordinates?: unknown } }).geometry;
    if (geometry?.type === "Polygon") return geometry.coordinates as Ring[];
    if (geometry?.type === "MultiPolygon") return (geometry.coordinates as Ring[][]).flat();
    return [];
  });
}

export class Canvas {
  private readonly paths = new WeakMap<Cell, Path2D>();

  constructor(readonly element: HTMLCanvasElement) {}

  draw(view: View, screen: Size, marks: Marks): void {
    const ratio = window.devicePixelRatio || 1;
    const context = this.cleared(screen, ratio);
    if (!context) return;
    const scale = ratio * view.zoom;
    const left = (ratio * screen.width) / 2 - view.x * scale;
    const top = (ratio * screen.height) / 2 - view.y * scale;
    context.setTransform(scale, 0, 0, scale, left, top);
    context.lineJoin = "round";
    if (marks.tissue && marks.tissueOpacity > 0) {
      context.globalAlpha = marks.tissueOpacity;
      context.fillStyle = TISSUE_FILL;
      context.fill(marks.tissue, "evenodd");
      strokeAll(context, marks.tissue, TISSUE, view.zoom);
      context.globalAlpha = 1;
    }
    if (marks.hovered) strokeAll(context, this.pathOf(marks.hovered), HOVERED, view.zoom);
    if (marks.selected) strokeAll(context, this.pathOf(marks.selected), SELECTED, view.zoom);
  }

  private cleared(screen: Size, ratio: number): CanvasRenderingContext2D | null {
    const [width, height] = [Math.round(screen.width * ratio), Math.round(screen.height * ratio)];
    const { element } = this;
    const context = element.getContext("2d");
    if (element.width !== width || element.height !== height) {
      element.width = width;
      element.height = height;
    } else {
      context?.setTransform(1, 0, 0, 1, 0, 0);
      context?.clearRect(0, 0, width, height);
    }
    return context;
  }

  private pathOf(cell: Cell): Path2D {
    const held = this.paths.get(cell) ?? pathOf([pairs(cell.outline)]);
    this.paths.set(cell, held);
    return held;
  }
}

function pairs(outline: readonly number[]): Ring {
  const corners = outline.length >> 1;
  return Array.from({ length: corners }, (_, at) => [
    outline[2 * at] as number,
    outline[2 * at + 1] as number,
  ]);
}

function strokeAll(
  context: CanvasRenderingContext2D,
  path: Path2D,
  strokes: readonly Stroke[],
  zoom: number,
): void {
  for (const { colour, widthPx } of strokes) {
    context.strokeStyle = colour;
    context.lineWidth = widthPx / zoom;
    context.stroke(path);
  }
}
