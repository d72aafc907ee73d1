/** How fast jobs get on, from what the socket says of their tiles. Pure. */

interface Sample {
  /** Seconds on any clock. */
  at: number;
  done: number;
}

export interface Estimate {
  /** Tiles a second. */
  rate: number;
  /** Seconds until the last tile; null: it does not move. */
  left: number | null;
}

const WINDOW_S = 90;
const LEAST_S = 3;

/** Counts of tiles over the last minute and a half, by job. */
export class Rates {
  private readonly samples = new Map<string, Sample[]>();

  /** Note how far a job is; one that begins anew is forgotten first. */
  note(job: string, done: number, at: number): void {
    const earlier = this.samples.get(job) ?? [];
    const last = earlier[earlier.length - 1];
    if (last && done === last.done) return;
    const kept = last && done < last.done ? [] : earlier.filter((each) => at - each.at <= WINDOW_S);
    this.samples.set(job, [...kept, { at, done }]);
  }

  /** How fast it is now; null: too little is known. */
  of(job: string, total: number, now: number): Estimate | null {
    const samples = this.samples.get(job) ?? [];
    const [first, last] = [samples[0], samples[samples.length - 1]];
    if (!first || !last || samples.length < 2) return null;
    const spent = Math.max(last.at - first.at, 0);
    if (spent < LEAST_S || now - last.at > WINDOW_S) return null;
    const rate = (last.done - first.done) / spent;
    const left = rate > 0 ? Math.max((total - last.done) / rate - (now - last.at), 0) : null;
    return { rate, left };
  }
}
