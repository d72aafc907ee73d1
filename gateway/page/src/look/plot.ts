/** A histogram as a small picture, with the same numbers as a table for those who cannot see it. */

import { h, svg } from "../dom";
import { count } from "../format";
import { figure } from "./format";
import { type Cut, type Histogram, ticks } from "./histogram";
import { type Measure, withUnit } from "./measures";

const WIDTH = 300;
const HEIGHT = 130;
const BASE = 108;
const TOP = 8;
const MOST_TICKS = 5;

export interface Lines {
  readonly median: number | null;
  /** The selected cell's value. */
  readonly cell: number | null;
}

/** The plot, with a table of the same. */
export function plot({ histogram, beyond }: Cut, measure: Measure, lines: Lines): HTMLElement {
  const { edges, counts } = histogram;
  const [low, high] = [edges[0] ?? 0, edges.at(-1) ?? 1];
  const place = (value: number) => ((value - low) / (high - low || 1)) * WIDTH;
  const picture = svg(
    "svg",
    {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      class: "look-plot",
      role: "img",
      "aria-label": told(histogram, measure, lines),
    },
    [
      ...bars(histogram, place),
      ...axis(low, high, place),
      ...line(lines.median, "look-median", place),
      ...line(lines.cell, "look-mark", place),
    ],
  );
  const note = beyond
    ? `${count(beyond)} above ${withUnit(figure(high), measure.unit)} are not shown.`
    : "";
  return h("div", {}, [
    picture,
    note ? h("p", { class: "small muted" }, note) : null,
    table(edges, counts, measure),
  ]);
}

function told({ edges, counts }: Histogram, measure: Measure, { median }: Lines): string {
  const most = counts.indexOf(Math.max(...counts));
  const between = `${figure(edges[most] ?? 0)} to ${withUnit(figure(edges[most + 1] ?? 0), measure.unit)}`;
  const middle = median === null ? "" : ` Median ${withUnit(figure(median), measure.unit)}.`;
  return `Histogram of ${measure.label.toLowerCase()}: most cells from ${between}.${middle}`;
}

function bars({ edges, counts }: Histogram, place: (value: number) => number): SVGElement[] {
  const most = Math.max(1, ...counts);
  return counts.map((each, at) => {
    const [from, to] = [place(edges[at] as number), place(edges[at + 1] as number)];
    const height = (each / most) * (BASE - TOP);
    const title = svg("title");
    title.textContent = `${figure(edges[at] as number)} to ${figure(edges[at + 1] as number)}: ${count(each)}`;
    return svg(
      "rect",
      {
        x: from,
        width: Math.max(to - from - 0.6, 0.4),
        y: BASE - height,
        height,
        class: "look-bar",
      },
      [title],
    );
  });
}

function axis(low: number, high: number, place: (value: number) => number): SVGElement[] {
  const base = svg("line", { x1: 0, x2: WIDTH, y1: BASE, y2: BASE, class: "look-axis" });
  const marks = ticks(low, high, MOST_TICKS).map((value) => {
    const x = Math.min(Math.max(place(value), 6), WIDTH - 10);
    const text = svg("text", { x, y: BASE + 15, class: "look-tick", "text-anchor": "middle" });
    text.textContent = figure(value);
    return text;
  });
  return [base, ...marks];
}

function line(value: number | null, name: string, place: (value: number) => number): SVGElement[] {
  if (value === null) return [];
  const x = place(value);
  if (!(x >= 0 && x <= WIDTH)) return [];
  return [svg("line", { x1: x, x2: x, y1: TOP, y2: BASE, class: name })];
}

function table(edges: readonly number[], counts: readonly number[], measure: Measure): HTMLElement {
  const rows = counts.map((each, at) =>
    h("tr", {}, [
      h("td", {}, `${figure(edges[at] as number)} to ${figure(edges[at + 1] as number)}`),
      h("td", {}, count(each)),
    ]),
  );
  return h("details", { class: "small look-table" }, [
    h("summary", {}, "As a table"),
    h("div", { class: "look-scroll", tabindex: 0, role: "group", "aria-label": "Histogram" }, [
      h("table", {}, [
        h("thead", {}, [
          h("tr", {}, [
            h("th", { scope: "col" }, withUnit(measure.label, measure.unit && `(${measure.unit})`)),
            h("th", { scope: "col" }, "Cells"),
          ]),
        ]),
        h("tbody", {}, rows),
      ]),
    ]),
  ]);
}
