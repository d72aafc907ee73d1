import { describe, expect, it } from "vitest";
import { problemOf } from "../src/api";
import { ago, bytes, mpp, span, words } from "../src/format";
import { tracks } from "../src/lanes/arrows";
import { addressOf, placeOf } from "../src/router";
import { isPassing } from "../src/uploads";
import { aboutFile } from "../src/views/watch/files";

describe("numbers and times", () => {
  it("are short", () => {
    expect([0, 999, 1500, 99_960, 1_994_000_000].map(bytes)).toEqual(["0 bytes", "999 bytes", "1.5 kB", "100 kB", "2.0 GB"]);
    expect([0, 59.4, 60, 61, 3600, 3700, 200_000].map(span)).toEqual(["0 s", "59 s", "1 min", "1 min 1 s", "1 h", "1 h 1 min", "2 days"]);
    expect(mpp(0.252345)).toBe("0.2523 µm/px");
    expect(words("segment_cells")).toBe("Segment cells");
    const now = Date.parse("2026-01-01T12:00:00Z");
    expect(ago("2026-01-01T11:59:58Z", now)).toBe("just now");
    expect(ago("2026-01-01T11:58:30Z", now)).toBe("1 min ago");
    expect(ago("2026-01-01T02:10:00Z", now)).toBe("9 h ago");
    expect(ago("2025-12-01T12:00:00Z", now)).toBe("31 days ago");
  });
});

describe("addresses", () => {
  it("lead to a view and back", () => {
    expect(placeOf("/")).toEqual({ view: "slides" });
    expect(placeOf(addressOf.slides)).toEqual({ view: "slides" });
    expect(placeOf("/compose", "?slide=p-a%2Bb")).toEqual({ view: "compose", slide: "p-a+b" });
    expect(placeOf(addressOf.workflow("a/b"))).toEqual({ view: "workflow", id: "a/b" });
    expect(placeOf(addressOf.look("j"))).toEqual({ view: "look", job: "j" });
  });

  it.each(["/docs", "/api/v1/me", "/jobs/j", "/workflows/a/b", "/look", "/%E0%A4%A"])("of nothing: %s", (path) => {
    expect(placeOf(path)).toEqual({ view: "nowhere" });
  });
});

describe("answers", () => {
  it("are problems only where they say so", () => {
    expect(problemOf('{"detail": "no"}')?.detail).toBe("no");
    for (const text of ["", "null", "[]", "<html>", '{"detail": 3}']) expect(problemOf(text)).toBeNull();
  });

  it("are worth another try, or final", () => {
    expect([0, 423, 429, 500, 503].map(isPassing)).toEqual([true, true, true, true, true]);
    expect([400, 401, 404, 413, 422].map(isPassing)).toEqual([false, false, false, false, false]);
  });
});

describe("arrows", () => {
  it("that pass the same lanes run apart", () => {
    const edges: [number, number][] = [[0, 3], [0, 1], [1, 2], [3, 2], [4, 5]];
    const found = tracks(edges);
    for (const [i, a] of edges.entries()) {
      for (const [j, b] of edges.entries()) {
        const meet = Math.min(...a) <= Math.max(...b) && Math.min(...b) <= Math.max(...a);
        if (i < j && meet) expect(found[i]).not.toBe(found[j]);
      }
    }
    expect(found[4]).toBe(0);
  });
});

describe("files", () => {
  it("say what they are for", () => {
    expect(aboutFile("cells.geojson.gz")).toContain("QuPath");
    expect(aboutFile("cells.parquet")).toContain("Python");
    expect(aboutFile("other.bin")).toBe("");
  });
});
