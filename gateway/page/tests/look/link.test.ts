import { describe, expect, test } from "vitest";
import { FIRST, opacityOf } from "../../src/look/layers";
import { decode, encode } from "../../src/look/link";
import { numbers } from "./numbers";

const CELL = "0123abcd-0123-5678-9abc-0123456789ab";

describe("links to views", () => {
  test("are short and readable", () => {
    const text = encode({ x: 1200.4, y: 3400, zoom: 0.51234 }, FIRST, CELL);
    expect(text).toBe(`x=1200&y=3400&z=0.5123&l=s100.c100.t-60.b100&cell=${CELL}`);
  });

  test("come back as they were, to a pixel and a percent", () => {
    const next = numbers(4);
    const shown = () => ({ on: next() > 0.5, opacity: Math.round(next() * 100) / 100 });
    for (let at = 0; at < 300; at++) {
      const view = {
        x: Math.round(next() * 1e5),
        y: Math.round(next() * 1e5),
        zoom: 2 ** (next() * 12 - 8),
      };
      const layers = {
        slide: shown(),
        cells: shown(),
        tissue: shown(),
        combined: Math.round(next() * 100) / 100,
      };
      const back = decode(encode(view, layers, null));
      expect(back.layers).toEqual(layers);
      expect(back.cell).toBeNull();
      expect(back.view).toMatchObject({ x: view.x, y: view.y });
      expect((back.view?.zoom ?? 0) / view.zoom).toBeCloseTo(1, 3);
    }
  });

  test.each([
    "",
    "x=1&y=2",
    "x=1&y=2&z=0",
    "x=1&y=2&z=-1",
    "x=a&y=2&z=1",
    "x=1e99&y=2&z=1",
    "x=&y=2&z=1",
    "x=NaN&y=2&z=1",
    "&&&=&",
  ])("without a view that makes sense show the whole slide: %s", (text) => {
    expect(decode(text).view).toBeNull();
  });

  test("take what makes sense of layers and cells, and no more", () => {
    expect(decode("l=s-30.c999.zz.t").layers).toEqual({
      ...FIRST,
      slide: { on: false, opacity: 0.3 },
      cells: { on: true, opacity: 1 },
    });
    expect(decode("cell=<script>").cell).toBeNull();
    expect(decode(`cell=${CELL}`).cell).toBe(CELL);
  });
});

describe("layers", () => {
  test("combined fades slide and cells alike, not the tissue", () => {
    const layers = { ...FIRST, tissue: { on: true, opacity: 0.6 }, combined: 0.5 };
    expect(opacityOf(layers, "slide")).toBe(0.5);
    expect(opacityOf(layers, "cells")).toBe(0.5);
    expect(opacityOf(layers, "tissue")).toBe(0.6);
  });

  test("what is off does not show, whatever its opacity", () => {
    expect(opacityOf({ ...FIRST, cells: { on: false, opacity: 1 } }, "cells")).toBe(0);
  });
});
