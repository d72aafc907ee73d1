/** What lies over what, and how strongly each shows. */

export const LAYERS = ["slide", "cells", "tissue"] as const;
export type Layer = (typeof LAYERS)[number];

export interface Shown {
  readonly on: boolean;
  /** 0 to 1; kept while the layer is off. */
  readonly opacity: number;
}

export interface Layers extends Readonly<Record<Layer, Shown>> {
  /** How strongly slide and cells show together: each one's opacity times this. */
  readonly combined: number;
}

export const FIRST: Layers = {
  slide: { on: true, opacity: 1 },
  cells: { on: true, opacity: 1 },
  tissue: { on: false, opacity: 0.6 },
  combined: 1,
};

export function opacityOf(layers: Layers, layer: Layer): number {
  const { on, opacity } = layers[layer];
  if (!on) return 0;
  return layer === "tissue" ? opacity : opacity * layers.combined;
}

export function toggled(layers: Layers, layer: Layer): Layers {
  return { ...layers, [layer]: { ...layers[layer], on: !layers[layer].on } };
}

export function withOpacity(layers: Layers, layer: Layer, opacity: number): Layers {
  return { ...layers, [layer]: { on: true, opacity } };
}

export function isCombined(layers: Layers): boolean {
  return layers.slide.on && layers.cells.on;
}

/** Slide and cells together, or the slide alone where they are together already. */
export function combinedToggled(layers: Layers): Layers {
  const both = isCombined(layers);
  return {
    ...layers,
    slide: { ...layers.slide, on: true },
    cells: { ...layers.cells, on: !both },
  };
}
