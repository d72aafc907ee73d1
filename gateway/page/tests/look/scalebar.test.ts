import { describe, expect, test } from "vitest";
import { roundDown, scaleBar } from "../../src/look/scalebar";
import { numbers } from "./numbers";

describe("round lengths", () => {
  test.each([
    [1, 1],
    [1.99, 1],
    [2, 2],
    [4.99, 2],
    [5, 5],
    [9.99, 5],
    [10, 10],
    [0.03, 0.02],
    [1234, 1000],
  ])("%d becomes %d", (most, expected) => {
    expect(roundDown(most)).toBeCloseTo(expected, 12);
  });

  test("never longer than asked, never shorter than two fifths of it", () => {
    const next = numbers(3);
    for (let at = 0; at < 1000; at++) {
      const most = 10 ** (next() * 12 - 6);
      const length = roundDown(most);
      expect(length / most).toBeLessThanOrEqual(1 + 1e-9);
      expect(length / most).toBeGreaterThan(0.399);
    }
  });
});

describe("the bar", () => {
  test("50 µm at a quarter of a µm per pixel is 200 pixels wide, of at most 250", () => {
    expect(scaleBar(0.25, 250, true)).toEqual({ widthPx: 200, label: "50 µm" });
  });

  test("says mm, µm or nm", () => {
    expect(scaleBar(20, 120, true)?.label).toBe("2 mm");
    expect(scaleBar(1, 120, true)?.label).toBe("100 µm");
    expect(scaleBar(0.004, 120, true)?.label).toBe("200 nm");
  });

  test("says pixels where µm are not known", () => {
    expect(scaleBar(4, 120, false)?.label).toBe("200 px");
  });

  test("there is none where nothing can be measured", () => {
    expect(scaleBar(0, 120, true)).toBeNull();
    expect(scaleBar(Number.NaN, 120, true)).toBeNull();
    expect(scaleBar(Infinity, 120, true)).toBeNull();
  });
});
