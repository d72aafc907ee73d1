import { describe, expect, test } from "vitest";
import { CellIndex, inOutline, nearest } from "../../src/look/cells";
import { cellOf } from "./made";
import { numbers } from "./numbers";

function square(x: number, y: number, side: number): number[] {
  return [x, y, x + side, y, x + side, y + side, x, y + side];
}

// A U: its box holds a part that is not inside.
const U = [0, 0, 10, 0, 10, 10, 7, 10, 7, 3, 3, 3, 3, 10, 0, 10];

describe("a point in an outline", () => {
  test("lies inside, or in a bay of it", () => {
    expect(inOutline(U, { x: 1, y: 9 })).toBe(true);
    expect(inOutline(U, { x: 5, y: 1 })).toBe(true);
    expect(inOutline(U, { x: 5, y: 8 })).toBe(false);
    expect(inOutline(U, { x: 11, y: 5 })).toBe(false);
  });

  test("is in exactly one of two outlines that share a side", () => {
    const [left, right] = [square(0, 0, 2), square(2, 0, 2)];
    for (const x of [0.5, 1, 2, 3, 3.5]) {
      const inside = [left, right].filter((each) => inOutline(each, { x, y: 1 }));
      expect(inside).toHaveLength(1);
    }
  });

  test("as a circle of many corners agrees with the distance from its middle", () => {
    const next = numbers(5);
    const circle = Array.from({ length: 360 }, (_, at) => {
      const angle = (at * Math.PI) / 180;
      return [50 + 20 * Math.cos(angle), 50 + 20 * Math.sin(angle)];
    }).flat();
    for (let at = 0; at < 500; at++) {
      const point = { x: next() * 100, y: next() * 100 };
      const away = Math.hypot(point.x - 50, point.y - 50);
      if (Math.abs(away - 20) > 0.01) expect(inOutline(circle, point)).toBe(away < 20);
    }
  });

  test("is never in nothing", () => {
    expect(inOutline([], { x: 0, y: 0 })).toBe(false);
  });
});

describe("an index", () => {
  test("finds what looking at every cell finds", () => {
    const next = numbers(6);
    const cells = Array.from({ length: 400 }, (_, at) => {
      const side = 1 + next() * 30;
      return cellOf(`${at}`, square(next() * 500 - 50, next() * 500 - 50, side), side * side);
    });
    const index = new CellIndex(cells, 17);
    for (let at = 0; at < 1000; at++) {
      const point = { x: next() * 600 - 80, y: next() * 600 - 80 };
      const met = cells.filter((cell) => inOutline(cell.outline, point));
      const smallest = Math.min(...met.map((cell) => cell.area_um2));
      expect(index.hit(point)?.area_um2 ?? Infinity).toBe(smallest);
    }
  });

  test("of no cells finds none", () => {
    expect(new CellIndex([], 10).hit({ x: 0, y: 0 })).toBeNull();
    expect(nearest([], { x: 0, y: 0 })).toBeNull();
  });

  test("of two cells the one whose middle is nearer is the nearest", () => {
    const [one, other] = [cellOf("a", square(0, 0, 10)), cellOf("b", square(20, 0, 10))];
    expect(nearest([one, other], { x: 14, y: 5 })?.id).toBe("a");
    expect(nearest([one, other], { x: 16, y: 5 })?.id).toBe("b");
  });
});
