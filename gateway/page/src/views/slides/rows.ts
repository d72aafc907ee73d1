/** Uploads as rows: how far each is, and what can be done about it. */

import { button, type Child, fill, h } from "../../dom";
import { bytes } from "../../format";
import { attempt, bar } from "../../ui";
import { type Sending, type Uploads, type UploadState } from "../../uploads";

const WORDS: Record<UploadState, string> = {
  waiting: "Waits for its turn",
  sending: "Uploading",
  checking: "Arrived; being looked at",
  paused: "Paused",
  done: "Done",
  refused: "Not taken",
};

/** The list; rows stay in place while they change, so that the focus stays, too. */
export class UploadRows {
  readonly root = h("ul", { class: "uploads", "aria-label": "Uploads" });
  private readonly rows = new Map<number, Row>();

  constructor(private readonly uploads: Uploads) {
    this.show();
  }

  /** As things are now. */
  show(): void {
    const there = new Set(this.uploads.all.map((each) => each.id));
    for (const [id, row] of this.rows) {
      if (!there.has(id)) {
        row.root.remove();
        this.rows.delete(id);
      }
    }
    for (const sending of this.uploads.all) this.rowOf(sending).show();
  }

  private rowOf(sending: Sending): Row {
    let row = this.rows.get(sending.id);
    if (!row) {
      row = new Row(sending, this.uploads);
      this.rows.set(sending.id, row);
      this.root.append(row.root);
    }
    return row;
  }
}

class Row {
  readonly root = h("li");
  private readonly told = h("span", { class: "small muted" });
  private readonly message = h("p", { role: "alert" });
  private readonly actions = h("div", { class: "row" });
  private readonly bar: HTMLProgressElement;
  private state: UploadState | null = null;

  constructor(
    private readonly sending: Sending,
    private readonly uploads: Uploads,
  ) {
    this.bar = bar(`Upload of ${sending.file.name}`, 0, sending.file.size) as HTMLProgressElement;
    const name = h("strong", { class: "clip" }, sending.file.name);
    const head = h("div", { class: "row wrap" }, [name, this.told]);
    fill(this.root, [h("div", { class: "grow" }, [head, this.bar, this.message]), this.actions]);
  }

  show(): void {
    const { file, state, sent, message } = this.sending;
    const share = file.size > 0 ? Math.floor((100 * sent) / file.size) : 0;
    this.bar.value = sent;
    const far = `: ${bytes(sent)} of ${bytes(file.size)} (${share} %)`;
    this.told.textContent = WORDS[state] + (state === "refused" ? "" : far);
    if (state === this.state) return;
    this.state = state;
    this.root.className = `upload ${state}`;
    this.bar.hidden = state === "refused";
    this.message.textContent = message;
    this.message.className = state === "refused" ? "bad" : "wait";
    const held = this.actions.contains(document.activeElement);
    fill(this.actions, this.offered());
    if (held) this.actions.querySelector("button")?.focus();
  }

  private offered(): Child[] {
    const { uploads, sending } = this;
    const act = (label: string, doing: () => void): HTMLElement =>
      button(label, doing, { "aria-label": `${label} ${sending.file.name}` });
    if (sending.state === "refused" || sending.state === "done") {
      return [act("Dismiss", () => uploads.forget(sending))];
    }
    // All of it is there: the server looks at it, and says soon what it thinks.
    if (sending.state === "checking") return [];
    return [
      sending.state === "sending" && act("Pause", () => uploads.pause(sending)),
      sending.state === "paused" && act("Resume", () => uploads.resume(sending)),
      act("Cancel", () => void attempt(() => uploads.cancel(sending))),
    ];
  }
}
