/** Everything beside the slide. */

import { h, link } from "../dom";
import { addressOf } from "../router";
import type { JobOut } from "../types";
import { CellCard } from "./cellcard";
import { Downloads } from "./downloads";
import { LayerPanel } from "./layerpanel";
import type { Layers } from "./layers";
import { SummaryPanel } from "./summarypanel";

export class Panel {
  readonly cell = new CellCard();
  readonly summary = new SummaryPanel();
  readonly downloads = new Downloads();
  readonly layers: LayerPanel;
  readonly element: HTMLElement;

  constructor(job: JobOut, title: string, onLayers: (layers: Layers) => void) {
    this.layers = new LayerPanel(onLayers);
    this.element = h(
      "aside",
      { class: "look-panel", "aria-label": "About this slide and its cells" },
      [
        h("header", { class: "look-section" }, [
          h("h1", { class: "look-title" }, title),
          h("p", { class: "small" }, [
            link(addressOf.workflow(job.workflow), "Workflow"),
            h("span", { class: "muted" }, ` · branch ${job.branch}, job ${job.number}`),
          ]),
        ]),
        this.layers.element,
        this.cell.element,
        this.summary.element,
        this.downloads.element,
      ],
    );
  }
}
