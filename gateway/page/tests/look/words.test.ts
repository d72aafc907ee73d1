import { describe, expect, test } from "vitest";
import { Refused } from "../../src/api";
import { listed } from "../../src/look/downloads";
import { progressIn } from "../../src/look/follow";
import { figure, magnification } from "../../src/look/format";
import { commandOf } from "../../src/look/keys";
import { ringsOf } from "../../src/look/marks";
import { firstLevel, lastLevel, pyramidOf } from "../../src/look/pyramid";
import { baseWords, cellsWords, filesWords, stateWords } from "../../src/look/words";

describe("figures", () => {
  test("have about three digits that matter", () => {
    expect([0, 0.012345, 3.14159, 123.456, 98765.4].map(figure)).toEqual([
      "0",
      "0.0123",
      "3.14",
      "123",
      "98,765",
    ]);
    expect(figure(Number.NaN)).toBe("–");
  });

  test("a quarter of a µm per pixel is called 40×", () => {
    expect(magnification(0.25)).toBe("40×");
  });
});

describe("pyramids", () => {
  const stated = { Width: "40000", Height: "30000", TileSize: "256", Overlap: "0" };
  const read = (change: Record<string, string>) => {
    const all: Record<string, string> = { ...stated, ...change };
    return pyramidOf((name) => all[name] ?? null);
  };

  test("the last level is the slide, the first one fits a tile", () => {
    const pyramid = read({});
    expect(pyramid).toEqual({ width: 40_000, height: 30_000, tileSize: 256, overlap: 0 });
    if (!pyramid) return;
    expect(lastLevel(pyramid)).toBe(16);
    expect(firstLevel(pyramid)).toBe(8);
  });

  test.each([
    [1, 1, 0],
    [256, 1, 8],
    [257, 1, 9],
    [65_536, 65_537, 17],
  ])("%d × %d has its last level at %d", (width, height, level) => {
    expect(lastLevel({ width, height })).toBe(level);
  });

  test.each([
    { Width: "0" },
    { Height: "a" },
    { TileSize: "-1" },
    { Overlap: "x" },
    { Width: "1.5" },
  ])("what is none is refused: %o", (change) => {
    expect(read(change as Record<string, string>)).toBeNull();
  });
});

describe("messages of a job at work", () => {
  const before = { state: "RUNNING", tiles: { done: 3, total: 9 }, waits: "" } as const;
  const job = {
    ...before,
    waits: null,
    id: "a",
    workflow: "w",
    branch: "left",
    number: 1,
    kind: "segment_cells",
    slide: "s",
    mpp: null,
    reason: null,
    attempt: 1,
    message: "",
    error: null,
    created: null,
    started: null,
    ended: null,
  };

  test("a snapshot and a change of state tell all", () => {
    const snapshot = { seq: 1, type: "snapshot", resync: false, workflow: null, job } as const;
    const queued = { ...before, state: "PENDING" } as const;
    expect(progressIn(snapshot, queued)).toEqual(before);
    expect(progressIn({ seq: 2, type: "state", job }, queued)).toEqual(before);
  });

  test("progress tells what has changed", () => {
    const told = {
      seq: 2,
      type: "progress",
      job: "a",
      tiles: { done: 4, total: 9 },
      waits: "waits for a worker",
    } as const;
    expect(progressIn(told, before)).toEqual({
      ...before,
      tiles: { done: 4, total: 9 },
      waits: "Waits for a worker.",
    });
  });

  test("others tell nothing of it", () => {
    expect(progressIn({ seq: 2, type: "heartbeat" }, before)).toBeNull();
    const ended = { seq: 2, type: "ended", what: "job", id: "a", state: "FAILED" } as const;
    expect(progressIn(ended, before)).toBeNull();
  });
});

describe("words", () => {
  test("what is shown of a running job is called provisional", () => {
    const words = stateWords({ state: "RUNNING", tiles: { done: 250, total: 1000 }, waits: "" });
    expect(words).toBe("Provisional: 250 of 1,000 tiles are done (25 %).");
  });

  test("a queued job says why it waits", () => {
    const words = stateWords({
      state: "PENDING",
      tiles: null,
      waits: "All workers are busy.",
    });
    expect(words).toContain("All workers are busy.");
  });

  test("a finished job needs no words; others that have ended say what to do", () => {
    const ended = { tiles: null, waits: "" };
    expect(stateWords({ ...ended, state: "SUCCEEDED" })).toBe("");
    for (const state of ["FAILED", "CANCELLED", "SKIPPED"] as const) {
      expect(stateWords({ ...ended, state })).toMatch(/workflow/);
      expect(filesWords(state)).toMatch(/workflow/);
    }
  });

  test("refusals are whole sentences", () => {
    const refused = new Refused(404, "not_found", "there is no such slide");
    expect(baseWords(refused)).toBe("The slide cannot be shown: there is no such slide.");
    expect(cellsWords(new Refused(404, "not_begun", "the job has not begun"))).toBeNull();
    expect(cellsWords(new Refused(404, "no_cells", ""))).toMatch(/no cells/);
  });
});

describe("keys", () => {
  const pressed = (key: string, more = {}) => ({
    key,
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    ...more,
  });

  test("move the slide only while it has the focus", () => {
    expect(commandOf(pressed("ArrowLeft"), true, true)).toBe("left");
    expect(commandOf(pressed("ArrowLeft"), false, true)).toBeNull();
    expect(commandOf(pressed("Enter"), false, true)).toBeNull();
  });

  test("letters work everywhere, unless they are not wanted outside the slide", () => {
    expect(commandOf(pressed("C"), false, true)).toBe("cells");
    expect(commandOf(pressed("c"), false, false)).toBeNull();
    expect(commandOf(pressed("c"), true, false)).toBe("cells");
    expect(commandOf(pressed("Escape"), false, false)).toBe("clear");
  });

  test("with a modifier are the browser's", () => {
    for (const modifier of ["ctrlKey", "metaKey", "altKey"]) {
      expect(commandOf(pressed("c", { [modifier]: true }), true, true)).toBeNull();
    }
  });
});

describe("files", () => {
  const file = (name: string) => ({
    name,
    bytes: 1,
    sha256: "",
    media_type: "x/y",
    href: `/r/${name}`,
  });

  test("come with those for QuPath first, and those that nobody knows last", () => {
    const files = listed(["new.bin", "base.jpg", "cells.parquet", "cells.geojson.gz"].map(file));
    expect(files.map(({ name }) => name)).toEqual([
      "cells.geojson.gz",
      "cells.parquet",
      "base.jpg",
      "new.bin",
    ]);
    expect(files[0]?.label).toBe("Cells for QuPath");
    expect(files[3]).toMatchObject({ label: "new.bin", about: "x/y", href: "/r/new.bin" });
  });
});

test("the rings of all areas are found, whatever else is in the document", () => {
  const ring = [
    [0, 0],
    [1, 0],
    [1, 1],
    [0, 0],
  ];
  const feature = (type: string, coordinates: unknown) => ({ geometry: { type, coordinates } });
  const features = [
    feature("Polygon", [ring, ring]),
    feature("MultiPolygon", [[ring], [ring, ring]]),
    feature("Point", [0, 0]),
    { geometry: null },
  ];
  expect(ringsOf({ features })).toHaveLength(5);
  expect(ringsOf({})).toEqual([]);
  expect(ringsOf(null)).toEqual([]);
});
