import { describe, expect, test, vi } from "vitest";
import type { CellsAnswer } from "../../src/look/cells";
import { Chunks, type Fetch, allIn, chunksOf, quarters } from "../../src/look/chunks";
import type { Box } from "../../src/look/geometry";
import { cellOf } from "./made";
import { numbers } from "./numbers";

function answer(ids: string[], truncated = false): CellsAnswer {
  const cells = ids.map((id) => cellOf(id, [0, 0, 1, 0, 1, 1]));
  return { provisional: false, total: ids.length, truncated, advice: null, cells };
}

/** A server whose answers are given when the test says so. */
class Server {
  readonly asked: { box: Box; signal: AbortSignal; give: (told: CellsAnswer) => void }[] = [];
  fetch: Fetch = (box, signal) =>
    new Promise((give, refuse) => {
      this.asked.push({ box, signal, give });
      signal.addEventListener("abort", () => refuse(new Error("aborted")));
    });
}

const settled = () => new Promise((resolve) => setTimeout(resolve));

describe("squares", () => {
  test("cover a box, and each of them meets it", () => {
    const next = numbers(7);
    for (let at = 0; at < 100; at++) {
      const [x0, y0] = [next() * 1000, next() * 1000];
      const box = { x0, y0, x1: x0 + 1 + next() * 900, y1: y0 + 1 + next() * 900 };
      const found = chunksOf(box, 256);
      const area = found.reduce((sum, { box: each }) => {
        const width = Math.min(each.x1, box.x1) - Math.max(each.x0, box.x0);
        const height = Math.min(each.y1, box.y1) - Math.max(each.y0, box.y0);
        expect(Math.min(width, height)).toBeGreaterThan(0);
        return sum + width * height;
      }, 0);
      expect(area).toBeCloseTo((box.x1 - box.x0) * (box.y1 - box.y0), 3);
    }
  });

  test("begin in the middle", () => {
    const [first] = chunksOf({ x0: 0, y0: 0, x1: 300, y1: 300 }, 100);
    expect(first?.box).toEqual({ x0: 100, y0: 100, x1: 200, y1: 200 });
  });
});

describe("too many cells for one answer", () => {
  test("are asked for in quarters, and told once each", async () => {
    const asked: Box[] = [];
    const whole = { x0: 0, y0: 0, x1: 8, y1: 8 };
    const cells = await allIn(
      whole,
      async (box) => {
        asked.push(box);
        return box === whole ? answer(["a"], true) : answer(["shared", `${box.x0},${box.y0}`]);
      },
      new AbortController().signal,
    );
    expect(asked).toEqual([whole, ...quarters(whole)]);
    expect(cells.map(({ id }) => id).sort()).toEqual(["0,0", "0,4", "4,0", "4,4", "shared"]);
  });

  test("are not asked for without end", async () => {
    let asked = 0;
    const box = { x0: 0, y0: 0, x1: 8, y1: 8 };
    const signal = new AbortController().signal;
    await allIn(box, async () => (asked++, answer(["a"], true)), signal);
    expect(asked).toBe(1 + 4 + 16 + 64);
  });
});

describe("what is kept", () => {
  test("is not asked for again", async () => {
    const server = new Server();
    const change = vi.fn();
    const chunks = new Chunks(server.fetch, 100, change, vi.fn());
    chunks.want({ x0: 10, y0: 10, x1: 90, y1: 90 });
    server.asked[0]?.give(answer(["a"]));
    await settled();
    chunks.want({ x0: 20, y0: 20, x1: 80, y1: 80 });
    expect(server.asked).toHaveLength(1);
    expect(change).toHaveBeenCalledTimes(1);
    expect([...chunks.cells().keys()]).toEqual(["a"]);
    expect(chunks.complete).toBe(true);
  });

  test("what is no longer looked at is given up", () => {
    const server = new Server();
    const failure = vi.fn();
    const chunks = new Chunks(server.fetch, 100, vi.fn(), failure);
    chunks.want({ x0: 10, y0: 10, x1: 90, y1: 90 });
    chunks.want({ x0: 510, y0: 10, x1: 590, y1: 90 });
    expect(server.asked.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    expect(failure).not.toHaveBeenCalled();
  });

  test("few are asked for at the same time, the others after them", async () => {
    const server = new Server();
    const chunks = new Chunks(server.fetch, 100, vi.fn(), vi.fn());
    chunks.want({ x0: 0, y0: 0, x1: 300, y1: 300 });
    expect(server.asked).toHaveLength(4);
    server.asked[0]?.give(answer([]));
    await settled();
    expect(server.asked).toHaveLength(5);
  });

  test("is asked for anew once there are other cells, and shown until they have come", async () => {
    const server = new Server();
    const chunks = new Chunks(server.fetch, 100, vi.fn(), vi.fn());
    const box = { x0: 10, y0: 10, x1: 90, y1: 90 };
    chunks.want(box);
    server.asked[0]?.give(answer(["old"]));
    await settled();
    chunks.refresh();
    expect([...chunks.cells().keys()]).toEqual(["old"]);
    chunks.want(box);
    expect(server.asked).toHaveLength(2);
    server.asked[1]?.give(answer(["new"]));
    await settled();
    expect([...chunks.cells().keys()]).toEqual(["new"]);
  });

  test("a refusal is told once, and asking again asks again", async () => {
    const failure = vi.fn();
    const fetchCells = vi.fn<Fetch>().mockRejectedValueOnce(new Error("no"));
    fetchCells.mockResolvedValue(answer(["a"]));
    const chunks = new Chunks(fetchCells, 100, vi.fn(), failure);
    chunks.want({ x0: 10, y0: 10, x1: 90, y1: 90 });
    await settled();
    expect(failure).toHaveBeenCalledTimes(1);
    expect(chunks.complete).toBe(false);
    chunks.again();
    await settled();
    expect(chunks.complete).toBe(true);
  });
});
