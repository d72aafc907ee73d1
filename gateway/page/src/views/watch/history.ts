/** All workflows, the newest first. */

import { button, fill, h, link } from "../../dom";
import { ago, count, moment } from "../../format";
import { addressOf } from "../../router";
import type { WorkflowOut } from "../../types";
import { bar, empty, failed, loading, pill } from "../../ui";
import type { Context, View } from "../view";
import { hasEnded } from "./live";

const EVERY_MS = 5000;

export const workflowsView: View = (root, context) => new History(root, context).end;

class History {
  private readonly list = h("ul", { class: "workflows", "aria-label": "Workflows" });
  private readonly below = h("div");
  private items: WorkflowOut[] = [];
  private next: string | null = null;
  private gone = false;
  private readonly timer = setInterval(() => void this.renew(), EVERY_MS);

  constructor(
    root: HTMLElement,
    private readonly context: Context,
  ) {
    fill(root, [
      h("div", { class: "head" }, [
        h("h1", {}, "Workflows"),
        h("span", { class: "grow" }),
        link(addressOf.compose, "Compose a workflow", { class: "button primary" }),
      ]),
      this.list,
      this.below,
    ]);
    void this.load();
  }

  readonly end = (): void => {
    this.gone = true;
    clearInterval(this.timer);
  };

  private async load(cursor: string | null = null): Promise<void> {
    if (!cursor) fill(this.below, loading("your workflows"));
    try {
      const page = await this.context.api.workflows(cursor);
      this.items = cursor ? [...this.items, ...page.items] : page.items;
      this.next = page.next;
      if (!this.gone) this.show();
    } catch (error) {
      if (!this.gone) fill(this.below, failed(error, () => void this.load(cursor)));
    }
  }

  /** What is on the first page may be new, or may have moved on. */
  private async renew(): Promise<void> {
    if (document.hidden) return;
    const page = await this.context.api.workflows().catch(() => null);
    if (!page || this.gone) return;
    const fresh = new Set(page.items.map((each) => each.id));
    const items = [...page.items, ...this.items.filter((each) => !fresh.has(each.id))];
    if (JSON.stringify(items) === JSON.stringify(this.items)) return;
    this.items = items;
    this.show();
  }

  private show(): void {
    const held = document.activeElement?.getAttribute("href");
    fill(this.list, this.items.map(line));
    if (held) this.list.querySelector<HTMLElement>(`a[href="${CSS.escape(held)}"]`)?.focus();
    if (this.next) fill(this.below, button("Show older ones", () => void this.load(this.next)));
    else fill(this.below, this.items.length === 0 ? nothing() : null);
  }
}

function line(workflow: WorkflowOut): HTMLElement {
  const { id, name, state, jobs_ended: done, jobs_total: total, created, message } = workflow;
  const told = `${count(done)} of ${count(total)} jobs ended`;
  return h("li", {}, link(addressOf.workflow(id), [
    h("span", { class: "grow clip" }, [
      h("strong", { class: "clip" }, name),
      state === "FAILED" && h("span", { class: "small bad clip" }, message),
    ]),
    h("span", { class: "small muted" }, total > 0 ? told : ""),
    hasEnded(state) ? null : bar(`Progress of ${name}`, done, total),
    h("time", { class: "small muted", datetime: created, title: moment(created) }, ago(created, Date.now())),
    pill(state),
  ], { class: "card workflow-line" }));
}

function nothing(): HTMLElement {
  return empty("No workflows yet", "Compose one, or take the preset on one of your slides.", [
    link(addressOf.slides, "To your slides", { class: "button" }),
    link(addressOf.compose, "Compose", { class: "button primary" }),
  ]);
}
