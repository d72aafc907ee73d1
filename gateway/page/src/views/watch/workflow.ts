/** One workflow, live. */

import { Refused } from "../../api";
import { button, type Child, fill, h, link } from "../../dom";
import { count, moment } from "../../format";
import { keepArrows } from "../../lanes/arrows";
import { addressOf } from "../../router";
import type { BranchOut, WorkflowDetailOut } from "../../types";
import { attempt, bar, confirmed, empty, failed, loading, notice, pill, tell } from "../../ui";
import type { Draft } from "../compose/draft";
import { keep, keptDraft, sentDraft } from "../compose/kept";
import type { Context, View } from "../view";
import { JobCard } from "./card";
import { showFiles } from "./files";
import { after, hasEnded, jobsOf, type Known, type Message, NOTHING } from "./live";
import { Rates } from "./rates";
import { type Line, LiveSocket } from "./socket";

const TICK_MS = 1000;

export const workflowView = (id: string): View => (root, context) => new Watching(root, context, id).end;

class Watching {
  private known: Known = NOTHING;
  private readonly labels = new Map<string, string>();
  private readonly cards = new Map<string, JobCard>();
  private readonly rates = new Rates();
  private readonly head = h("div", { class: "head" });
  private readonly line = h("span", { class: "line small", role: "status" });
  private readonly told = h("div");
  private readonly lanes = h("div", { class: "lanes" });
  private readonly arrows = keepArrows(this.lanes, () => this.edges());
  private readonly socket: LiveSocket;
  private readonly tick = setInterval(() => this.showCards(), TICK_MS);
  private laid = "";
  private headSays = "";
  private gone = false;

  constructor(
    private readonly root: HTMLElement,
    private readonly context: Context,
    private readonly id: string,
  ) {
    fill(root, loading("the workflow"));
    this.socket = new LiveSocket(`/ws/workflows/${encodeURIComponent(id)}`, {
      message: (message) => this.heard(message),
      line: (line, againIn) => this.showLine(line, againIn),
      check: () => this.check(),
    });
    void this.labelSlides();
    void this.begin();
  }

  readonly end = (): void => {
    this.gone = true;
    this.socket.end();
    this.arrows.end();
    clearInterval(this.tick);
  };

  private heard(message: Message): void {
    this.known = after(this.known, message);
    const { workflow } = this.known;
    if (this.known.removed || !workflow) return this.showGone();
    for (const job of jobsOf(workflow)) {
      if (job.state === "RUNNING" && job.tiles) this.rates.note(job.id, job.tiles.done, seconds());
    }
    this.show(workflow);
  }

  /** What REST says is shown until the socket says more. */
  private async begin(): Promise<void> {
    try {
      const workflow = await this.context.api.workflow(this.id);
      if (this.gone || this.known.workflow) return;
      this.known = { ...this.known, workflow };
      this.show(workflow);
    } catch (error) {
      this.refused(error);
    }
  }

  private refused(error: unknown): void {
    if (this.gone) return;
    if (error instanceof Refused && error.status === 404) this.showGone();
    else if (!this.known.workflow) fill(this.root, failed(error, () => void this.begin(), "h1"));
  }

  private async check(): Promise<"there" | "gone" | "signed out"> {
    try {
      await this.context.api.workflow(this.id);
    } catch (error) {
      if (error instanceof Refused && (error.status === 404 || error.status === 422)) return "gone";
      if (error instanceof Refused && error.status === 401) return "signed out";
    }
    return "there";
  }

  private async labelSlides(): Promise<void> {
    const page = await this.context.api.slides().catch(() => null);
    for (const slide of page?.items ?? []) this.labels.set(slide.path, slide.label);
    this.showCards();
  }

  private showGone(): void {
    this.socket.end();
    const back = link(addressOf.workflows, "To all workflows", { class: "button primary" });
    const text = "It is not one of yours, or it has been deleted.";
    fill(this.root, empty("There is no such workflow", text, [back], "h1"));
  }

  private showLine(line: Line, againIn: number): void {
    if (line === "gone") return this.showGone();
    if (line === "signed out") return this.context.api.onSignedOut();
    this.line.className = `line small ${line}`;
    const again = button("Try now", () => this.socket.again(), { class: "button quiet" });
    const broken = [`Connection lost; trying again in ${Math.ceil(againIn)} s`, again];
    fill(this.line, line === "live" ? "● Live" : line === "broken" ? broken : "Connecting …");
  }

  private show(workflow: WorkflowDetailOut): void {
    if (this.head.parentElement !== this.root) fill(this.root, [this.head, this.told, this.lanes]);
    this.showHead(workflow);
    const branches = workflow.branches.map((each) => [each.name, each.needs, each.jobs.map((job) => job.id)]);
    const laid = JSON.stringify([hasEnded(workflow.state), branches]);
    if (laid !== this.laid) this.layOut(workflow);
    this.laid = laid;
    this.showCards();
    this.arrows.draw();
  }

  /** Only when it says something else: a button in it may have the focus. */
  private showHead(workflow: WorkflowDetailOut): void {
    const { branches: _, ...line } = workflow;
    const says = JSON.stringify(line);
    if (says === this.headSays) return;
    this.headSays = says;
    fill(this.head, this.headOf(workflow));
    fill(this.told, this.saidOf(workflow));
  }

  private headOf(workflow: WorkflowDetailOut): Child[] {
    document.title = `${workflow.name} · slideloom`;
    const sent = sentDraft(this.id);
    const spec = `/api/v1/workflows/${encodeURIComponent(this.id)}/spec`;
    return [
      h("div", { class: "grow" }, [
        h("div", { class: "row wrap" }, [h("h1", { class: "clip" }, workflow.name), pill(workflow.state), this.line]),
        h("p", { class: "small muted" }, [
          `${count(workflow.jobs_ended)} of ${count(workflow.jobs_total)} jobs ended · submitted ${moment(workflow.created)}`,
        ]),
        bar("Jobs that have ended", workflow.jobs_ended, workflow.jobs_total),
      ]),
      sent && button("Compose again", () => void attempt(() => this.again(sent))),
      h("a", { href: spec, download: `${workflow.name}.yaml`, class: "button" }, "Spec (YAML)"),
      !hasEnded(workflow.state) &&
        button("Cancel workflow", () => void attempt(() => this.cancelAll(workflow)), {
          class: "button danger-text", "data-key": "cancel-all",
        }),
    ];
  }

  private saidOf(workflow: WorkflowDetailOut): Child {
    if (workflow.state !== "FAILED") return null;
    const { error } = workflow;
    return notice("bad", [
      h("p", {}, error?.message || workflow.message || "The workflow failed."),
      error?.hint && h("p", { class: "small" }, error.hint),
    ]);
  }

  private layOut(workflow: WorkflowDetailOut): void {
    fill(this.lanes, workflow.branches.map((branch) => this.lane(branch, hasEnded(workflow.state))));
  }

  private lane(branch: BranchOut, ended: boolean): HTMLElement {
    const told = branch.needs.length > 0 ? `After ${branch.needs.join(", ")}` : "";
    const cards = branch.jobs.map((job) => this.cardOf(job.id).root);
    return h("section", { class: "lane", "data-lane": branch.name, "aria-label": `Branch ${branch.name}` }, [
      h("div", { class: "lane-head" }, [h("h2", { class: "clip" }, branch.name), h("span", { class: "small muted" }, told)]),
      cards.length > 0
        ? h("ol", { class: "cards" }, cards)
        : h("p", { class: "small muted" }, ended ? "No jobs were made." : "Its jobs are being made."),
    ]);
  }

  private cardOf(id: string): JobCard {
    let card = this.cards.get(id);
    if (!card) {
      card = new JobCard({
        cancel: (job) => void attempt(() => this.cancel(job.id)),
        retry: (job) => void attempt(() => this.retry(job.id)),
        files: (job) => showFiles(this.context, job.id, `Files of ${this.labelOf(job.slide)}`),
      });
      this.cards.set(id, card);
    }
    return card;
  }

  private showCards(): void {
    if (!this.known.workflow) return;
    const over = this.known.workflow.state === "CANCELLED";
    for (const job of jobsOf(this.known.workflow)) {
      const estimate = job.tiles && this.rates.of(job.id, job.tiles.total, seconds());
      this.cardOf(job.id).show({ job, estimate, slide: this.labelOf(job.slide), over });
    }
  }

  private labelOf(slide: string): string {
    return this.labels.get(slide) ?? slide;
  }

  private edges(): { from: string; to: string }[] {
    const branches = this.known.workflow?.branches ?? [];
    return branches.flatMap((branch) => branch.needs.map((from) => ({ from, to: branch.name })));
  }

  private async again(draft: Draft): Promise<void> {
    const text = "What you are composing now is thrown away for it.";
    const free = keptDraft().branches.length === 0;
    if (!free && !(await confirmed("Compose this one again?", text, "Take this one"))) return;
    keep(draft);
    this.context.go(addressOf.compose);
  }

  private async cancelAll(workflow: WorkflowDetailOut): Promise<void> {
    const text = "Jobs that run are stopped, those that wait never start. Finished results stay.";
    if (!(await confirmed(`Cancel ${workflow.name}?`, text, "Cancel the workflow"))) return;
    await this.context.api.cancelWorkflow(this.id);
    tell("The workflow is being cancelled");
  }

  private async cancel(job: string): Promise<void> {
    await this.context.api.cancelJob(job);
    tell("The job is being cancelled");
  }

  private async retry(job: string): Promise<void> {
    await this.context.api.retryJob(job);
    tell("The job is queued again");
  }
}

function seconds(): number {
  return performance.now() / 1000;
}
