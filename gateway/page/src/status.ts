/** The bar at the foot of the page: how busy the house is, without anybody's name. */

import type { Api } from "./api";
import { fill, h } from "./dom";
import { count } from "./format";
import type { StatusOut } from "./types";

const EVERY_MS = 5000;

/** What the bar says. Pure. */
export function statusWords(status: StatusOut): string[] {
  const { limits, all, yours } = status;
  const workers = Object.values(status.workers).reduce((sum, each) => sum + each, 0);
  return [
    workers > 0 ? `${count(workers)} workers online` : "No workers online: jobs wait until some are",
    `${count(status.active_tenants)} of ${count(limits.max_active_users)} tenant places taken`,
    `${count(all.running)} running (at most ${count(limits.max_workers)}), ${count(all.queued)} queued`,
    `Yours: ${count(yours.running)} running, ${count(yours.queued)} queued`,
  ];
}

/** Keep the bar current until the returned function is called. */
export function showStatus(bar: HTMLElement, api: Api): () => void {
  const stop = new AbortController();
  const ask = async (): Promise<void> => {
    if (document.hidden) return;
    try {
      const words = statusWords(await api.status(stop.signal));
      fill(bar, words.map((each) => h("span", {}, each)));
    } catch {
      if (!stop.signal.aborted) fill(bar, h("span", {}, "The server does not answer just now."));
    }
  };
  const timer = setInterval(() => void ask(), EVERY_MS);
  void ask();
  return () => {
    clearInterval(timer);
    stop.abort();
  };
}
