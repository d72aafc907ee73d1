/** Cards dragged by mouse, pen or finger to another place or branch. */

export interface Drop {
  job: number;
  branch: number;
  /** Before the so-many-th of the cards that are there. */
  index: number;
}

const SLACK = 6;

/** Let the cards below `lanes` be dragged; `[data-job]` are cards, `[data-lane]` branches. */
export function letDrag(lanes: HTMLElement, dropped: (drop: Drop) => void): void {
  lanes.addEventListener("pointerdown", (event) => {
    const at = event.target instanceof Element ? event.target : null;
    const card = at?.closest<HTMLElement>("[data-job]");
    const held = event.pointerType === "mouse" || at?.closest(".handle");
    if (card && held && event.button === 0) new Drag(lanes, card, event, dropped);
  });
}

class Drag {
  private readonly ended = new AbortController();
  private moving = false;
  private drop: Drop | null = null;

  constructor(
    private readonly lanes: HTMLElement,
    private readonly card: HTMLElement,
    private readonly start: PointerEvent,
    private readonly dropped: (drop: Drop) => void,
  ) {
    const { signal } = this.ended;
    window.addEventListener("pointermove", (event) => this.move(event), { signal });
    window.addEventListener("pointerup", () => this.release(true), { signal });
    window.addEventListener("pointercancel", () => this.release(false), { signal });
    window.addEventListener("keydown", (event) => event.key === "Escape" && this.release(false), { signal });
  }

  private move(event: PointerEvent): void {
    const [x, y] = [event.clientX - this.start.clientX, event.clientY - this.start.clientY];
    if (!this.moving && Math.hypot(x, y) < SLACK) return;
    event.preventDefault();
    this.moving = true;
    this.card.classList.add("dragged");
    this.card.style.translate = `${x}px ${y}px`;
    this.mark(event.clientX, event.clientY);
  }

  private mark(x: number, y: number): void {
    this.unmark();
    const under = document.elementsFromPoint(x, y).find((each) => !this.card.contains(each));
    const lane = under?.closest<HTMLElement>("[data-lane]");
    this.drop = null;
    if (!lane || !this.lanes.contains(lane)) return;
    const cards = [...lane.querySelectorAll<HTMLElement>("[data-job]")];
    const index = cards.filter((each) => each !== this.card && isBefore(each, x, y)).length;
    const skipped = cards.indexOf(this.card);
    const at = skipped >= 0 && index > skipped ? index + 1 : index === skipped ? skipped : index;
    lane.classList.add("drop-lane");
    const next = cards.filter((each) => each !== this.card)[index];
    (next ?? lane.querySelector(".add-job"))?.classList.add("drop-before");
    this.drop = { job: Number(this.card.dataset["job"]), branch: Number(lane.dataset["branch"]), index: at };
  }

  private unmark(): void {
    this.lanes.querySelectorAll(".drop-before").forEach((each) => each.classList.remove("drop-before"));
    this.lanes.querySelectorAll(".drop-lane").forEach((each) => each.classList.remove("drop-lane"));
  }

  private release(counts: boolean): void {
    this.ended.abort();
    this.unmark();
    this.card.classList.remove("dragged");
    this.card.style.translate = "";
    if (this.moving) this.swallowClick();
    if (counts && this.moving && this.drop) this.dropped(this.drop);
  }

  /** A drag is no click. */
  private swallowClick(): void {
    const swallow = (event: Event): void => event.stopPropagation();
    window.addEventListener("click", swallow, { capture: true, once: true });
    setTimeout(() => window.removeEventListener("click", swallow, { capture: true }), 0);
  }
}

/** Whether a card lies before a point, in the order of reading. */
function isBefore(card: HTMLElement, x: number, y: number): boolean {
  const box = card.getBoundingClientRect();
  if (y > box.bottom) return true;
  return y >= box.top && x > box.left + box.width / 2;
}
