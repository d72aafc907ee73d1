/** Whether the server can be reached: asked again and again once somebody has met a failure. */

import { Refused } from "../api";

const FIRST_PAUSE_MS = 2000;
const LONGEST_PAUSE_MS = 15_000;

export class Connection {
  private asking = false;
  private there = true;
  private ended = false;
  private timer = 0;

  /**
   * @param probe asks something small
   * @param onChange told when the connection is lost, and when it is there again
   */
  constructor(
    private readonly probe: () => Promise<unknown>,
    private readonly onChange: (there: boolean) => void,
  ) {}

  /** Something has failed: find out whether that is the connection. */
  async suspect(): Promise<void> {
    if (this.asking || this.ended) return;
    this.asking = true;
    for (
      let pauseMs = FIRST_PAUSE_MS;
      !this.ended;
      pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)
    ) {
      const there = await this.answers();
      if (there !== this.there && !this.ended) this.onChange((this.there = there));
      if (there) break;
      await this.pause(pauseMs);
    }
    this.asking = false;
  }

  end(): void {
    this.ended = true;
  }

  private async answers(): Promise<boolean> {
    try {
      await this.probe();
      return true;
    } catch (error) {
      // A refusal is an answer, too.
      return error instanceof Refused && error.status !== 0;
    }
  }

  /** Until it may be worth another try: the browser may know. */
  private pause(pauseMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(this.timer);
        window.removeEventListener("online", done);
        resolve();
      };
      this.timer = window.setTimeout(done, pauseMs);
      window.addEventListener("online", done);
    });
  }
}
