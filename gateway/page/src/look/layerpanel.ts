/** Which layers are shown, and how strongly. */

import { freshId, h } from "../dom";
import {
  type Layer,
  type Layers,
  combinedToggled,
  isCombined,
  toggled,
  withOpacity,
} from "./layers";

type Row = Layer | "combined";

interface Named {
  readonly row: Row;
  readonly label: string;
  readonly key: string;
}

const ROWS: readonly Named[] = [
  { row: "slide", label: "Slide", key: "S" },
  { row: "cells", label: "Cells", key: "C" },
  { row: "combined", label: "Combined", key: "B" },
  { row: "tissue", label: "Tissue", key: "T" },
];

interface Parts {
  readonly box: HTMLInputElement;
  readonly slider: HTMLInputElement;
  readonly told: HTMLOutputElement;
  readonly why: HTMLElement;
}

export class LayerPanel {
  private readonly parts = new Map<Row, Parts>();
  private layers: Layers | null = null;
  readonly element: HTMLElement;

  constructor(private readonly onChange: (layers: Layers) => void) {
    this.element = h("section", { class: "look-section", "aria-labelledby": "look-layers-title" }, [
      h("h2", { id: "look-layers-title" }, "Layers"),
      ...ROWS.map((named) => this.row(named)),
    ]);
  }

  show(layers: Layers): void {
    this.layers = layers;
    for (const [row, { box, slider, told }] of this.parts) {
      const combined = row === "combined";
      box.checked = combined ? isCombined(layers) : layers[row].on;
      const percent = Math.round(100 * (combined ? layers.combined : layers[row].opacity));
      if (slider.valueAsNumber !== percent) slider.value = String(percent);
      told.value = `${percent} %`;
    }
  }

  /** Say that a layer cannot be had, and why; null: it can. */
  allow(row: Row, why: string | null): void {
    const parts = this.parts.get(row);
    if (!parts) return;
    parts.box.disabled = parts.slider.disabled = why !== null;
    parts.why.textContent = why ?? "";
    parts.why.hidden = why === null;
  }

  private row({ row, label, key }: Named): HTMLElement {
    const [id, about] = [freshId("look-layer"), freshId("look-layer")];
    const box = h("input", { type: "checkbox", id, "aria-describedby": about }, [], {
      change: () => this.change((layers) => switched(layers, row)),
    });
    const slider = h(
      "input",
      { type: "range", min: 0, max: 100, step: 5, "aria-label": `Opacity: ${label}` },
      [],
      { input: () => this.change((layers) => faded(layers, row, slider.valueAsNumber / 100)) },
    );
    const told = h("output", { class: "small muted" });
    const why = h("p", { class: "small muted look-why", id: about, hidden: true });
    this.parts.set(row, { box, slider, told, why });
    const name = h("label", { for: id }, [label, " ", h("kbd", { "aria-hidden": "true" }, key)]);
    return h("div", { class: "look-layer", "data-layer": row }, [box, name, slider, told, why]);
  }

  private change(next: (layers: Layers) => Layers): void {
    if (this.layers) this.onChange(next(this.layers));
  }
}

function switched(layers: Layers, row: Row): Layers {
  return row === "combined" ? combinedToggled(layers) : toggled(layers, row);
}

function faded(layers: Layers, row: Row, opacity: number): Layers {
  if (row !== "combined") return withOpacity(layers, row, opacity);
  const shown = isCombined(layers) ? layers : combinedToggled(layers);
  return { ...shown, combined: opacity };
}
