/** Arrows from branches to those that need them, drawn beside the lanes. */

import { svg } from "../dom";

export interface Edge {
  from: string;
  to: string;
}

const STEP = 10;
const FIRST = 14;
const ROUND = 7;

/** How far out each edge runs, so that no two lie on each other. Pure.
 *
 * @param edges - First and last lane of each edge, by number.
 * @returns The track of each, from 0, the innermost.
 */
export function tracks(edges: [number, number][]): number[] {
  const spans = edges.map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
  const order = spans.map((_, index) => index).sort((a, b) => length(spans[a]!) - length(spans[b]!));
  const taken: (readonly [number, number])[][] = [];
  const found = new Array<number>(edges.length).fill(0);
  for (const index of order) {
    const span = spans[index]!;
    let track = 0;
    while (taken[track]?.some((other) => other[0] <= span[1] && span[0] <= other[1])) track += 1;
    (taken[track] ??= []).push(span);
    found[index] = track;
  }
  return found;
}

function length(span: readonly [number, number]): number {
  return span[1] - span[0];
}

/** Draws anew whenever lanes change their size; gives what ends it. */
export function keepArrows(lanes: HTMLElement, edges: () => Edge[]): { draw: () => void; end: () => void } {
  const picture = svg("svg", { class: "arrows", "aria-hidden": "true" });
  const draw = (): void => drawArrows(picture, lanes, edges());
  const watch = new ResizeObserver(draw);
  watch.observe(lanes);
  return { draw, end: () => watch.disconnect() };
}

function drawArrows(picture: SVGElement, lanes: HTMLElement, edges: Edge[]): void {
  const found = [...lanes.querySelectorAll<HTMLElement>(":scope > [data-lane]")];
  const byName = new Map(found.map((lane, index) => [lane.dataset["lane"] ?? "", index]));
  const pairs = edges.flatMap(({ from, to }): [number, number][] => {
    const [a, b] = [byName.get(from), byName.get(to)];
    return a === undefined || b === undefined ? [] : [[a, b]];
  });
  const placed = tracks(pairs);
  const room = FIRST + STEP * Math.max(0, ...placed.map((track) => track + 1));
  lanes.style.paddingLeft = pairs.length > 0 ? `${room + ROUND}px` : "";
  const arrows = pairs.map(([a, b], index) => arrow(lanes, found[a]!, found[b]!, placed[index]!));
  picture.replaceChildren(...arrows.flat());
  if (picture.parentElement !== lanes) lanes.prepend(picture);
}

function arrow(lanes: HTMLElement, from: HTMLElement, to: HTMLElement, track: number): SVGElement[] {
  const edge = from.offsetLeft - lanes.clientLeft;
  const down = to.offsetTop > from.offsetTop;
  const start = from.offsetTop + (down ? 0.62 : 0.38) * Math.min(from.offsetHeight, 120);
  const end = to.offsetTop + (down ? 0.38 : 0.62) * Math.min(to.offsetHeight, 120);
  const out = edge - FIRST - STEP * track;
  const turn = down ? ROUND : -ROUND;
  const path = [
    `M${edge} ${start}H${out + ROUND}q${-ROUND} 0 ${-ROUND} ${turn}`,
    `V${end - turn}q0 ${turn} ${ROUND} ${turn}H${edge - 3}`,
  ].join("");
  const head = `M${edge - 8} ${end - 4.5}L${edge - 1} ${end}L${edge - 8} ${end + 4.5}Z`;
  return [svg("path", { d: path, class: "arrow" }), svg("path", { d: head, class: "arrow-head" })];
}
