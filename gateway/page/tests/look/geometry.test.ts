import { describe, expect, test } from "vitest";
import {
  boundsOf,
  boxOf,
  boxOfView,
  contains,
  onSlide,
  toScreen,
  toSlide,
  viewOfBox,
} from "../../src/look/geometry";
import { numbers } from "./numbers";

const SLIDE = { width: 40_000, height: 30_000 };
const SCREEN = { width: 1200, height: 700 };

describe("boxes", () => {
  test("the whole slide is one wide in the viewer's units, and as high as its shape says", () => {
    const whole = boundsOf({ x0: 0, y0: 0, x1: 40_000, y1: 30_000 }, SLIDE);
    expect(whole).toEqual({ x: 0, y: 0, width: 1, height: 0.75 });
  });

  test("there and back is where it began", () => {
    const next = numbers(1);
    for (let at = 0; at < 200; at++) {
      const bounds = { x: next() - 0.5, y: next(), width: next() + 0.01, height: next() + 0.01 };
      const back = boundsOf(boxOf(bounds, SLIDE), SLIDE);
      expect(back.x).toBeCloseTo(bounds.x, 12);
      expect(back.y).toBeCloseTo(bounds.y, 12);
      expect(back.width).toBeCloseTo(bounds.width, 12);
      expect(back.height).toBeCloseTo(bounds.height, 12);
    }
  });

  test("what reaches beyond the slide is cut; what lies beside it is nothing", () => {
    const reaching = { x0: -50, y0: 29_900, x1: 100, y1: 30_100 };
    expect(onSlide(reaching, SLIDE)).toEqual({ x0: 0, y0: 29_900, x1: 100, y1: 30_000 });
    expect(onSlide({ x0: -50, y0: 0, x1: 0, y1: 10 }, SLIDE)).toBeNull();
    expect(onSlide({ x0: 41_000, y0: 0, x1: 42_000, y1: 10 }, SLIDE)).toBeNull();
  });
});

describe("views", () => {
  test("at a zoom of one, a CSS pixel shows a level-0 pixel", () => {
    const box = boxOfView({ x: 1000, y: 2000, zoom: 1 }, SCREEN);
    expect(box).toEqual({ x0: 400, y0: 1650, x1: 1600, y1: 2350 });
  });

  test("a view made for a box shows all of it, and touches two of its sides", () => {
    const next = numbers(2);
    for (let at = 0; at < 200; at++) {
      const [x0, y0] = [next() * 1000, next() * 1000];
      const box = { x0, y0, x1: x0 + 1 + next() * 5000, y1: y0 + 1 + next() * 5000 };
      const shown = boxOfView(viewOfBox(box, SCREEN), SCREEN);
      const margins = [box.x0 - shown.x0, box.y0 - shown.y0, shown.x1 - box.x1, shown.y1 - box.y1];
      expect(Math.min(...margins)).toBeGreaterThan(-1e-6);
      expect(Math.min(...margins)).toBeLessThan(1e-6);
    }
  });

  test("a point of the screen is where it is shown", () => {
    const view = { x: 12_345, y: 6789, zoom: 0.37 };
    const point = { x: 17, y: 650 };
    const back = toScreen(toSlide(point, view, SCREEN), view, SCREEN);
    expect(back.x).toBeCloseTo(point.x, 6);
    expect(back.y).toBeCloseTo(point.y, 6);
    expect(toSlide({ x: 600, y: 350 }, view, SCREEN)).toEqual({ x: 12_345, y: 6789 });
  });

  test("edges belong to a box", () => {
    const box = { x0: 0, y0: 0, x1: 2, y1: 2 };
    expect(contains(box, { x: 2, y: 0 })).toBe(true);
    expect(contains(box, { x: 2.001, y: 0 })).toBe(false);
  });
});
