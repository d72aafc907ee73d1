/** What the whole slide comes to, and what is in view: figures and a distribution. */

import { fill, freshId, h } from "../dom";
import type { Cell } from "./cells";
import { count } from "../format";
import { figure } from "./format";
import type { Summary } from "./found";
import { type Cut, binned, evenEdges, median, withoutTail } from "./histogram";
import { MEASURES, type Measure, measureNamed, valuesOf, withUnit } from "./measures";
import { plot } from "./plot";

const SHOWN_SHARE = 0.995;
const BINS_IN_VIEW = 24;

/** Cells in view; null: too far away to know each. */
export type InView = readonly Cell[] | null;

export class SummaryPanel {
  private readonly figures = h("dl", { class: "look-list" });
  private readonly note = h("p", { class: "small muted" });
  private readonly chart = h("div", { class: "look-chart" });
  private readonly select: HTMLSelectElement;
  private readonly whole: HTMLSelectElement;
  private summary: Summary | null = null;
  private inView: InView = null;
  private coming = false;
  private cell: Cell | null = null;
  readonly element: HTMLElement;

  constructor() {
    const again = () => this.draw();
    this.select = h(
      "select",
      { id: freshId("look-measure") },
      MEASURES.map(({ name, label, unit }) =>
        h("option", { value: name }, withUnit(label, unit && `(${unit})`)),
      ),
      { change: again },
    );
    this.whole = h(
      "select",
      { id: freshId("look-whole") },
      [h("option", { value: "whole" }, "Whole slide"), h("option", { value: "view" }, "In view")],
      { change: again },
    );
    this.element = h(
      "section",
      { class: "look-section", "aria-labelledby": "look-summary-title" },
      [
        h("h2", { id: "look-summary-title" }, "Summary"),
        this.figures,
        this.note,
        h("div", { class: "look-choices" }, [
          h("label", { for: this.select.id }, "Measure"),
          this.select,
          h("label", { for: this.whole.id }, "Of"),
          this.whole,
        ]),
        this.chart,
      ],
    );
  }

  /** The summary of the result; null: there is none yet, for the reason given. */
  showSummary(summary: Summary | null, why: string): void {
    this.summary = summary;
    this.note.textContent = summary ? gapsIn(summary) : why;
    this.note.hidden = !this.note.textContent;
    if (!summary?.measures) this.whole.value = "view";
    this.draw();
  }

  /** @param coming whether they are near enough, and have not come yet */
  showInView(cells: InView, coming: boolean): void {
    this.inView = cells;
    this.coming = coming;
    this.draw();
  }

  showCell(cell: Cell | null): void {
    this.cell = cell;
    this.draw();
  }

  private draw(): void {
    fill(this.figures, figuresOf(this.summary, this.inView));
    const measure = measureNamed(this.select.value);
    const shown = this.whole.value === "whole" ? this.ofWhole(measure) : this.ofView(measure);
    fill(this.chart, typeof shown === "string" ? h("p", { class: "small muted" }, shown) : shown);
  }

  private ofWhole(measure: Measure): HTMLElement | string {
    const distribution = this.summary?.measures?.[measure.name];
    if (!distribution) return "Known once the job has ended.";
    if (!distribution.histogram) return "There are no cells to count.";
    const cut = withoutTail(distribution.histogram, SHOWN_SHARE);
    return plot(cut, measure, this.lines(distribution.p50 ?? null, measure));
  }

  private ofView(measure: Measure): HTMLElement | string {
    if (this.coming) return "The cells in view are on their way …";
    if (!this.inView) return "Zoom in until single cells are told apart.";
    const values = valuesOf(this.inView, measure.name);
    const edges = evenEdges(values, BINS_IN_VIEW);
    if (!edges) return "There are no cells in view.";
    const cut: Cut = { histogram: binned(values, edges), beyond: 0 };
    return plot(cut, measure, this.lines(median(values), measure));
  }

  private lines(middle: number | null, measure: Measure) {
    return { median: middle, cell: this.cell ? this.cell[measure.name] : null };
  }
}

function gapsIn(summary: Summary): string {
  const gaps = summary.gaps?.length ?? 0;
  if (gaps) return `${count(gaps)} tiles could not be segmented: no cells are told there.`;
  return summary.cells?.cells === 0 ? "The model has found no cells on this slide." : "";
}

function figuresOf(summary: Summary | null, inView: InView): HTMLElement[] {
  const rows: [string, string][] = [];
  const add = (label: string, value: number | null | undefined, unit = "") => {
    if (value !== null && value !== undefined) rows.push([label, withUnit(figure(value), unit)]);
  };
  if (summary?.cells) rows.push(["Cells", count(summary.cells.cells)]);
  add("Density", summary?.density_per_mm2, "per mm²");
  add("Tissue", summary?.tissue?.area_mm2, "mm²");
  if (summary?.tissue) add("Of the slide", 100 * summary.tissue.fraction, "%");
  add("Median area", summary?.measures?.["area_um2"]?.p50, "µm²");
  if (inView) rows.push(["Cells in view", count(inView.length)]);
  return rows.flatMap(([label, value]) => [h("dt", {}, label), h("dd", {}, value)]);
}
