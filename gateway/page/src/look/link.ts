/** A view as text, for links: `x=1200&y=3400&z=0.5&l=s100.c80.t-60`. */

import type { View } from "./geometry";
import { FIRST, type Layer, type Layers, type Shown } from "./layers";

export interface Linked {
  readonly view: View | null;
  readonly layers: Layers;
  /** Id of the cell that is selected. */
  readonly cell: string | null;
}

const LETTERS: Readonly<Record<Layer, string>> = { slide: "s", cells: "c", tissue: "t" };
const CELL = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const FARTHEST = 1e7;

export function encode(view: View, layers: Layers, cell: string | null): string {
  const parts = [
    `x=${Math.round(view.x)}`,
    `y=${Math.round(view.y)}`,
    `z=${Number(view.zoom.toPrecision(4))}`,
    `l=${encodeLayers(layers)}`,
  ];
  return [...parts, ...(cell ? [`cell=${cell}`] : [])].join("&");
}

/** Reads what `encode` writes; whatever is missing or makes no sense is as at first. */
export function decode(text: string): Linked {
  const stated = new URLSearchParams(text);
  const cell = stated.get("cell") ?? "";
  return {
    view: decodeView(stated),
    layers: decodeLayers(stated.get("l") ?? ""),
    cell: CELL.test(cell) ? cell : null,
  };
}

function decodeView(stated: URLSearchParams): View | null {
  const [x, y, zoom] = ["x", "y", "z"].map((name) => numberIn(stated.get(name)));
  if (x === undefined || y === undefined || zoom === undefined || zoom <= 0) return null;
  return { x, y, zoom };
}

function numberIn(text: string | null): number | undefined {
  const value = text ? Number(text) : Number.NaN;
  return Math.abs(value) <= FARTHEST ? value : undefined;
}

function encodeLayers(layers: Layers): string {
  const each = Object.entries(LETTERS).map(([layer, letter]) => {
    const { on, opacity } = layers[layer as Layer];
    return `${letter}${on ? "" : "-"}${percent(opacity)}`;
  });
  return [...each, `b${percent(layers.combined)}`].join(".");
}

function percent(share: number): number {
  return Math.round(share * 100);
}

function decodeLayers(text: string): Layers {
  const found = new Map<string, Shown>();
  for (const part of text.split(".")) {
    const match = /^([scbt])(-?)(\d{1,3})$/.exec(part);
    if (!match) continue;
    const opacity = Math.min(Number(match[3]), 100) / 100;
    found.set(match[1] ?? "", { on: !match[2], opacity });
  }
  return {
    slide: found.get("s") ?? FIRST.slide,
    cells: found.get("c") ?? FIRST.cells,
    tissue: found.get("t") ?? FIRST.tissue,
    combined: found.get("b")?.opacity ?? FIRST.combined,
  };
}
