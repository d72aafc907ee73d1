/** One job as it is now. */

import { button, type Child, fill, h, link } from "../../dom";
import { count, span, words } from "../../format";
import { addressOf } from "../../router";
import type { JobOut } from "../../types";
import { bar, pill } from "../../ui";
import { hasEnded, whyWaiting } from "./live";
import type { Estimate } from "./rates";

export interface JobActs {
  cancel: (job: JobOut) => void;
  retry: (job: JobOut) => void;
  files: (job: JobOut) => void;
}

export interface JobShown {
  job: JobOut;
  estimate: Estimate | null;
  /** The slide as people know it. */
  slide: string;
  /** Whether its workflow is cancelled as a whole: then no job of it can be retried. */
  over: boolean;
}

/** A card that keeps its place while it changes; its buttons stay until others are wanted. */
export class JobCard {
  private readonly facts = h("div", { class: "job-facts" });
  private readonly buttons = h("div", { class: "row wrap" });
  readonly root = h("li", { class: "job" }, [this.facts, this.buttons]);
  private shown = "";
  private offered = "";

  constructor(private readonly acts: JobActs) {}

  show(what: JobShown): void {
    const signature = JSON.stringify(what);
    if (signature === this.shown) return;
    this.shown = signature;
    this.root.className = `job ${what.job.state.toLowerCase()}`;
    fill(this.facts, this.content(what));
    if (`${what.job.state} ${what.over}` !== this.offered) this.offer(what);
  }

  private offer({ job, over }: JobShown): void {
    this.offered = `${job.state} ${over}`;
    const held = this.buttons.contains(document.activeElement) ? document.activeElement : null;
    const key = held?.getAttribute("data-key");
    fill(this.buttons, this.actions(job, over));
    if (key) this.buttons.querySelector<HTMLElement>(`[data-key="${key}"]`)?.focus();
  }

  private content({ job, estimate, slide }: JobShown): Child[] {
    return [
      h("div", { class: "row" }, [
        h("span", { class: "number" }, job.number),
        h("strong", { class: "grow" }, words(job.kind)),
        pill(job.state),
      ]),
      h("p", { class: "small clip", title: slide }, slide),
      progress(job, estimate),
      ...explained(job),
      times(job),
    ];
  }

  private actions(job: JobOut, over: boolean): Child[] {
    const about = `${words(job.kind)} ${job.number} of ${job.branch}`;
    const named = (label: string): { "aria-label": string; "data-key": string } => ({
      "aria-label": `${label}: ${about}`,
      "data-key": label,
    });
    const seen = job.kind === "segment_cells" && (job.state === "SUCCEEDED" || job.state === "RUNNING");
    const primary = job.state === "SUCCEEDED" ? "button primary" : "button";
    return [
      seen && link(addressOf.look(job.id), "Look", { class: primary, ...named("Look") }),
      job.state === "SUCCEEDED" && button("Files", () => this.acts.files(job), named("Files")),
      !over && (job.state === "FAILED" || job.state === "CANCELLED") &&
        button("Retry", () => this.acts.retry(job), named("Retry")),
      !hasEnded(job.state) &&
        button("Cancel", () => this.acts.cancel(job), { class: "button quiet", ...named("Cancel") }),
    ];
  }
}

function progress(job: JobOut, estimate: Estimate | null): Child {
  if (!job.tiles?.total) return null;
  const { done, total } = job.tiles;
  const tiles = `${count(done)} of ${count(total)} tiles`;
  const fast = job.state === "RUNNING" && estimate;
  const rate = fast ? ` · ${Number(fast.rate.toPrecision(2))} tiles/s` : "";
  const left = fast && fast.left !== null ? ` · about ${span(fast.left)} left` : "";
  return h("div", {}, [
    job.state === "RUNNING" && bar(`Tiles of job ${job.number} of ${job.branch}`, done, total),
    h("p", { class: "small muted tiles" }, `${tiles}${rate}${left}`),
  ]);
}

function explained(job: JobOut): Child[] {
  if (job.state === "FAILED") {
    const { error } = job;
    return [
      h("p", { class: "small bad failure" }, error?.message || job.message || "It failed without a word."),
      error?.hint && h("p", { class: "small hint" }, error.hint),
    ];
  }
  if (job.state === "SKIPPED") {
    return [h("p", { class: "small muted" }, job.message || "What it needs did not succeed.")];
  }
  const why = whyWaiting(job);
  return [why && h("p", { class: "small wait why" }, why)];
}

function times(job: JobOut): Child {
  const ran = job.state === "SUCCEEDED" || job.state === "FAILED";
  if (!ran || !job.started || !job.ended) return null;
  const took = (Date.parse(job.ended) - Date.parse(job.started)) / 1000;
  const attempt = job.attempt > 1 ? `, attempt ${job.attempt}` : "";
  return h("p", { class: "small muted" }, `Took ${span(took)}${attempt}`);
}
