import { describe, expect, it } from "vitest";
import type { JobOut, WorkflowDetailOut } from "../src/types";
import { after, jobsOf, type Known, type Message, NOTHING, whyWaiting } from "../src/views/watch/live";
import { Rates } from "../src/views/watch/rates";
import { backOff, follows } from "../src/views/watch/socket";

function job(id: string, number: number, change: Partial<JobOut> = {}): JobOut {
  return {
    id, number, workflow: "w", branch: "left", kind: "segment_cells", slide: "a.svs", mpp: null, state: "PENDING", reason: null,
    attempt: 0, tiles: null, message: "", error: null, waits: null, created: null, started: null, ended: null, ...change,
  };
}

const LINE = { id: "w", name: "w", state: "RUNNING" as const, message: "", created: "", jobs_ended: 0, jobs_total: 2 };

function workflow(jobs: JobOut[]): WorkflowDetailOut {
  const left = { name: "left", needs: [], jobs };
  const right = { name: "right", needs: ["left"], jobs: [] };
  return { ...LINE, error: null, branches: [left, right] };
}

function told(...messages: Message[]): Known {
  return messages.reduce(after, NOTHING);
}

const SNAPSHOT: Message = { seq: 1, type: "snapshot", resync: false, workflow: workflow([job("2", 2)]), job: null };

describe("messages", () => {
  it("before the first snapshot change nothing", () => {
    expect(told({ seq: 1, type: "progress", job: "2", tiles: { done: 1, total: 2 }, waits: null })).toEqual(NOTHING);
  });

  it("put a job that has been created at its place", () => {
    const known = told(SNAPSHOT, { seq: 2, type: "state", job: job("1", 1) });
    expect(jobsOf(known.workflow!).map((each) => each.id)).toEqual(["1", "2"]);
  });

  it("change only the job that they are about", () => {
    const known = told(
      SNAPSHOT,
      { seq: 2, type: "state", job: job("1", 1) },
      { seq: 3, type: "reason", job: "1", reason: "WORKER", waits: "all workers are busy" },
      { seq: 4, type: "state", job: job("1", 1, { state: "RUNNING" }) },
      { seq: 5, type: "progress", job: "1", tiles: { done: 3, total: 9 }, waits: "the model" },
    );
    expect(jobsOf(known.workflow!)).toEqual([
      job("1", 1, { state: "RUNNING", tiles: { done: 3, total: 9 }, waits: "the model" }),
      job("2", 2),
    ]);
  });

  it("tell of the workflow itself", () => {
    const known = told(SNAPSHOT, {
      seq: 2, type: "workflow", error: { code: "jobs_failed", message: "no", hint: "look" },
      workflow: { ...LINE, state: "FAILED", message: "no", jobs_ended: 2 },
    });
    expect(known.workflow).toMatchObject({ state: "FAILED", message: "no", jobs_ended: 2, error: { hint: "look" } });
    expect(jobsOf(known.workflow!)).toHaveLength(1);
    expect(told(SNAPSHOT, { seq: 2, type: "removed", what: "workflow", id: "w" }).removed).toBe(true);
  });

  it("begin anew with each snapshot", () => {
    const later: Message = { seq: 1, type: "snapshot", resync: true, workflow: workflow([]), job: null };
    expect(jobsOf(told(SNAPSHOT, later).workflow!)).toEqual([]);
    expect(follows(7, later)).toBe(true);
    expect(follows(7, { seq: 8, type: "heartbeat" })).toBe(true);
    expect(follows(7, { seq: 9, type: "heartbeat" })).toBe(false);
  });
});

describe("why a job waits", () => {
  it("is said in words as long as it waits", () => {
    const waits = "all workers are busy";
    expect(whyWaiting(job("1", 1, { reason: "WORKER", waits }))).toBe("All workers are busy.");
    expect(whyWaiting(job("1", 1))).toContain("Queued");
    expect(whyWaiting(job("1", 1, { state: "RUNNING" }))).toBe("");
    expect(whyWaiting(job("1", 1, { state: "RUNNING", waits: "waits for a GPU worker" }))).toBe("Waits for a GPU worker.");
    expect(whyWaiting(job("1", 1, { state: "FAILED", waits }))).toBe("");
  });
});

describe("rates", () => {
  it("say how long the rest takes", () => {
    const rates = new Rates();
    for (let at = 0; at <= 10; at += 1) rates.note("a", at * 2, at);
    expect(rates.of("a", 120, 10)).toEqual({ rate: 2, left: 50 });
    expect(rates.of("a", 120, 15)).toEqual({ rate: 2, left: 45 });
  });

  it("say nothing when too little is known, or nothing has come for long", () => {
    const rates = new Rates();
    expect(rates.of("a", 10, 0)).toBeNull();
    rates.note("a", 1, 0);
    rates.note("a", 2, 1);
    expect(rates.of("a", 10, 1)).toBeNull();
    rates.note("a", 3, 10);
    expect(rates.of("a", 10, 10)).not.toBeNull();
    expect(rates.of("a", 10, 500)).toBeNull();
  });

  it("begin anew with a new attempt", () => {
    const rates = new Rates();
    rates.note("a", 50, 0);
    rates.note("a", 100, 10);
    rates.note("a", 2, 20);
    rates.note("a", 7, 30);
    expect(rates.of("a", 12, 30)).toEqual({ rate: 0.5, left: 10 });
  });
});

describe("backing off", () => {
  it("waits longer each time, never at the same moment as others, and never for ever", () => {
    for (let tries = 0; tries < 60; tries += 1) {
      expect(backOff(tries, 0)).toBeLessThanOrEqual(backOff(tries + 1, 0));
      expect(backOff(tries, 0)).toBeLessThan(backOff(tries, 0.99));
      expect(backOff(tries, 1)).toBeLessThanOrEqual(20);
    }
  });
});
