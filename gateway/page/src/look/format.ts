/** Figures for people. */

import { count } from "../format";

/** About three digits that matter. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (Math.abs(value) >= 1000) return count(Math.round(value));
  return String(Number(value.toPrecision(3)));
}

/** The usual name of a magnification: 0.25 µm a pixel is called 40×. */
export function magnification(umPerPx: number): string {
  return `${Number((10 / umPerPx).toPrecision(2))}×`;
}
