/** Distributions: what `summary.json` says, and what is counted here. Pure. */

/** n + 1 edges, ascending, and n counts. */
export interface Histogram {
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

/** A measure of all cells, as `summary.json` tells it; with no cells only the count. */
export interface Distribution {
  readonly count: number;
  readonly mean?: number;
  readonly std?: number;
  readonly min?: number;
  readonly max?: number;
  readonly p5?: number;
  readonly p25?: number;
  readonly p50?: number;
  readonly p75?: number;
  readonly p95?: number;
  readonly histogram?: Histogram;
}

/** A histogram without its long thin end, and how many it leaves out. */
export interface Cut {
  readonly histogram: Histogram;
  readonly beyond: number;
}

/** How many values lie in each bin; the last one holds its upper edge, others are not counted. */
export function binned(values: readonly number[], edges: readonly number[]): Histogram {
  const counts = new Array<number>(Math.max(0, edges.length - 1)).fill(0);
  for (const value of values) {
    const bin = binOf(value, edges);
    if (bin >= 0) counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return { edges, counts };
}

/** The bin that holds a value; -1: none. */
export function binOf(value: number, edges: readonly number[]): number {
  const last = edges.length - 1;
  if (last < 1 || !(value >= (edges[0] as number) && value <= (edges[last] as number))) return -1;
  let [low, high] = [0, last];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (value >= (edges[middle] as number)) low = middle;
    else high = middle;
  }
  return low;
}

/** `bins` equally wide bins between round ends around all values; null: there are no values. */
export function evenEdges(values: readonly number[], bins: number): number[] | null {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return null;
  const width = (high - low || 1) / bins;
  return Array.from({ length: bins + 1 }, (_, at) => low + at * width);
}

/** Leave out the end once so many of all are shown: a few clumps would squeeze everybody else. */
export function withoutTail(histogram: Histogram, share: number): Cut {
  const { edges, counts } = histogram;
  const total = counts.reduce((sum, each) => sum + each, 0);
  let [shown, end] = [0, 0];
  while (end < counts.length && (end === 0 || shown < share * total)) {
    shown += counts[end] as number;
    end += 1;
  }
  const kept = { edges: edges.slice(0, end + 1), counts: counts.slice(0, end) };
  return { histogram: kept, beyond: total - shown };
}

/** Round numbers between two ends, at most about `most` of them, for an axis. */
export function ticks(low: number, high: number, most: number): number[] {
  const span = high - low;
  if (!(span > 0) || most < 1) return [];
  const rough = span / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough) ?? rough;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, at) =>
    Number(((first + at) * step).toPrecision(12)),
  );
}

export function median(values: readonly number[]): number | null {
  if (!values.length) return null;
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}
