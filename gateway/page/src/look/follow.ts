/** Follows a job while it is worked on. */

import type { Api } from "../api";
import { Refused } from "../api";
import type { JobOut, JobState, TilesOut } from "../types";
import { type Message, whyWaiting } from "../views/watch/live";
import { type Line, LiveSocket } from "../views/watch/socket";

/** How far a job is. */
export interface Progress {
  readonly state: JobState;
  readonly tiles: TilesOut | null;
  /** Why it waits, as a sentence; empty: it does not. */
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

/** What a message says; null: nothing about the job's progress. */
export function progressIn(told: Message, before: Progress): Progress | null {
  switch (told.type) {
    case "snapshot":
      return told.job && progressOf(told.job);
    case "state":
      return progressOf(told.job);
    case "progress":
      return { ...before, tiles: told.tiles, waits: whyWaiting({ state: before.state, waits: told.waits }) };
    default:
      return null;
  }
}

export function progressOf(job: JobOut): Progress {
  return { state: job.state, tiles: job.tiles, waits: whyWaiting(job) };
}

/** Follow a job; gives what ends it. */
export function follow(api: Api, jobId: string, first: Progress, events: FollowEvents): () => void {
  let [progress, timer] = [first, 0];

  function hear(message: Message): void {
    const news = progressIn(message, progress);
    if (message.type === "removed") events.onGone();
    if (!news) return;
    const moved = news.tiles?.done !== progress.tiles?.done || news.state !== progress.state;
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
