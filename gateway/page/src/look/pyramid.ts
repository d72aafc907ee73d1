/** Deep Zoom descriptions, and the addresses of their tiles. */

import type { Size } from "./geometry";

export interface Pyramid extends Size {
  readonly tileSize: number;
  readonly overlap: number;
}

/** A Deep Zoom description; null: it is none. */
export function parseDzi(text: string): Pyramid | null {
  const xml = new DOMParser().parseFromString(text, "application/xml");
  const image = xml.getElementsByTagName("Image")[0];
  const size = xml.getElementsByTagName("Size")[0];
  if (!image || !size) return null;
  return pyramidOf((name) => size.getAttribute(name) ?? image.getAttribute(name));
}

/** The same, from what each attribute says. */
export function pyramidOf(attribute: (name: string) => string | null): Pyramid | null {
  const width = whole(attribute("Width"));
  const height = whole(attribute("Height"));
  const tileSize = whole(attribute("TileSize"));
  const overlap = Number(attribute("Overlap") ?? 0);
  if (!width || !height || !tileSize || !Number.isInteger(overlap) || overlap < 0) return null;
  return { width, height, tileSize, overlap };
}

function whole(text: string | null): number {
  const value = Number(text);
  return Number.isInteger(value) && value > 0 ? value : 0;
}

/** The level that is the slide itself; level 0 is one pixel. */
export function lastLevel({ width, height }: Size): number {
  return Math.ceil(Math.log2(Math.max(width, height)));
}

/** The last level that a single tile holds: nobody needs a smaller one. */
export function firstLevel(pyramid: Pyramid): number {
  const longest = Math.max(pyramid.width, pyramid.height);
  const halvings = Math.max(0, Math.ceil(Math.log2(longest / pyramid.tileSize)));
  return lastLevel(pyramid) - halvings;
}
