/** Follows a job while it is worked on. */

import type { Api } from "../api";
import { Refused } from "../api";
import type { JobState } from "../types";
import { type LiveJob, type Message, whyWaiting } from "../views/watch/live";
import { type Line, LiveSocket } from "../views/watch/socket";

/** How far a job is. */
export interface Progress {
  readonly state: JobState;
  readonly done: number | null;
  readonly total: number | null;
  /** Why it waits, in a sentence or a few words; empty: it does not. */
  readonly waits: string;
}

export interface FollowEvents {
  readonly onProgress: (progress: Progress) => void;
  /** There may be more cells, or others, or a result; told a while after, and not too often. */
  readonly onRenew: () => void;
  readonly onLost: () => void;
  readonly onGone: () => void;
}

/** New cells are looked for so long after progress was told: the server looks as seldom itself. */
const RENEW_MS = 2200;

type Told = Message | (Extract<Message, { type: "snapshot" }> & { job: LiveJob | null });

/** What a message says; null: nothing about the job's progress. */
export function progressIn(told: Told, before: Progress): Progress | null {
  switch (told.type) {
    case "snapshot":
      return "job" in told && told.job ? progressOf(told.job) : null;
    case "state":
      return progressOf(told.job);
    case "progress":
      return { ...before, done: told.done, total: told.total, waits: told.waits };
    default:
      return null;
  }
}

function progressOf(job: LiveJob): Progress {
  return { state: job.state, done: job.done, total: job.total, waits: whyWaiting(job) };
}

/** Follow a job; gives what ends it. */
export function follow(api: Api, jobId: string, first: Progress, events: FollowEvents): () => void {
  let [progress, timer] = [first, 0];

  function hear(message: Message): void {
    const news = progressIn(message, progress);
    if (message.type === "removed") events.onGone();
    if (!news) return;
    const moved = news.done !== progress.done || news.state !== progress.state;
    progress = news;
    events.onProgress(news);
    if (moved) timer ||= window.setTimeout(renew, RENEW_MS);
  }

  function renew(): void {
    timer = 0;
    events.onRenew();
  }

  function line(now: Line): void {
    if (now === "gone") events.onGone();
    if (now === "signed out") api.onSignedOut();
    if (now === "broken") events.onLost();
  }

  async function check(): Promise<"there" | "gone"> {
    const found = await api.job(jobId).catch((error: unknown) => error);
    return found instanceof Refused && found.status === 404 ? "gone" : "there";
  }

  const socket = new LiveSocket(`/ws/jobs/${encodeURIComponent(jobId)}`, {
    message: hear,
    line,
    check,
  });
  return () => {
    clearTimeout(timer);
    socket.end();
  };
}
