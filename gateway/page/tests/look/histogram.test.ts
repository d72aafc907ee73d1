import { describe, expect, test } from "vitest";
import { binOf, binned, evenEdges, median, ticks, withoutTail } from "../../src/look/histogram";
import { numbers } from "./numbers";

describe("bins", () => {
  test("hold their lower edge; the last one its upper edge, too", () => {
    const edges = [0, 1, 2, 4];
    expect([0, 0.99, 1, 2, 3.9, 4].map((value) => binOf(value, edges))).toEqual([0, 0, 1, 2, 2, 2]);
    expect([-0.1, 4.1, Number.NaN].map((value) => binOf(value, edges))).toEqual([-1, -1, -1]);
    expect(binOf(1, [1])).toBe(-1);
  });

  test("count every value once between ends that are made for them", () => {
    const next = numbers(8);
    for (let at = 0; at < 100; at++) {
      const values = Array.from({ length: 1 + Math.floor(next() * 300) }, () => next() * 1e3 - 200);
      const edges = evenEdges(values, 24);
      const { counts } = binned(values, edges ?? []);
      expect(edges).toHaveLength(25);
      expect(counts.reduce((sum, each) => sum + each, 0)).toBe(values.length);
    }
  });

  test("of equal values, and of none", () => {
    expect(binned([7, 7], evenEdges([7, 7], 4) ?? []).counts).toEqual([2, 0, 0, 0]);
    expect(evenEdges([], 4)).toBeNull();
    expect(binned([1], []).counts).toEqual([]);
  });
});

describe("a long thin end", () => {
  test("is left out and counted", () => {
    const histogram = { edges: [0, 1, 2, 3, 4], counts: [500, 499, 0, 1] };
    expect(withoutTail(histogram, 0.995)).toEqual({
      histogram: { edges: [0, 1, 2], counts: [500, 499] },
      beyond: 1,
    });
  });

  test("nothing is lost", () => {
    const next = numbers(9);
    for (let at = 0; at < 100; at++) {
      const counts = Array.from({ length: 40 }, () => Math.floor(next() ** 8 * 1000));
      const histogram = { edges: Array.from({ length: 41 }, (_, edge) => edge), counts };
      const cut = withoutTail(histogram, 0.995);
      const shown = cut.histogram.counts.reduce((sum, each) => sum + each, 0);
      const total = counts.reduce((sum, each) => sum + each, 0);
      expect(shown + cut.beyond).toBe(total);
      expect(cut.beyond).toBeLessThanOrEqual(0.005 * total);
      expect(cut.histogram.edges).toHaveLength(cut.histogram.counts.length + 1);
    }
  });
});

describe("an axis", () => {
  test("has round numbers within its ends", () => {
    expect(ticks(3, 97, 5)).toEqual([20, 40, 60, 80]);
    expect(ticks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(ticks(-1, 1, 4)).toEqual([-1, -0.5, 0, 0.5, 1]);
  });

  test("of nothing has none", () => {
    expect(ticks(1, 1, 5)).toEqual([]);
    expect(ticks(Number.NaN, 1, 5)).toEqual([]);
  });
});

test("the median lies in the middle", () => {
  expect(median([5, 1, 3])).toBe(3);
  expect(median([10, 2, 4, 3])).toBe(3.5);
  expect(median([])).toBeNull();
});
