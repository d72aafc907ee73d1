/** A socket that comes back by itself. */

import { API } from "../../api";
import type { Message } from "./live";

export type Line = "connecting" | "live" | "broken" | "gone" | "signed out";

export interface Ears {
  message: (message: Message) => void;
  /** How the connection is; for `broken`, seconds until the next try. */
  line: (line: Line, againIn: number) => void;
  /** Whether what is watched is still there, when a handshake is refused. */
  check: () => Promise<"there" | "gone" | "signed out">;
}

const FIRST_S = 0.5;
const MOST_S = 20;
/** Heartbeats come far more often. */
const SILENCE_MS = 50_000;
const CLOSED: Record<number, Line> = { 4401: "signed out", 4404: "gone" };

/** Seconds to wait before the so-many-th try in a row, between half and all of a doubling span. */
export function backOff(tries: number, random: number): number {
  return Math.min(FIRST_S * 2 ** tries, MOST_S) * (0.5 + random / 2);
}

/** Whether a message follows the one before: a snapshot begins anew, others leave no gap. */
export function follows(last: number, message: Message): boolean {
  return message.type === "snapshot" || message.seq === last + 1;
}

export class LiveSocket {
  private socket: WebSocket | null = null;
  private tries = 0;
  private last = 0;
  private opened = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private silence: ReturnType<typeof setTimeout> | undefined;
  private readonly ended = new AbortController();

  constructor(
    private readonly path: string,
    private readonly ears: Ears,
  ) {
    window.addEventListener("online", () => this.again(), { signal: this.ended.signal });
    this.connect();
  }

  end(): void {
    this.ended.abort();
    this.drop();
    clearTimeout(this.timer);
  }

  /** Try now instead of later. */
  again(): void {
    if (this.ended.signal.aborted || this.opened) return;
    this.drop();
    clearTimeout(this.timer);
    this.connect();
  }

  private connect(): void {
    this.ears.line("connecting", 0);
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}${API}${this.path}`);
    this.socket = socket;
    socket.onopen = () => {
      this.opened = true;
      this.listen();
    };
    socket.onmessage = (event) => this.heard(String(event.data));
    socket.onclose = (event) => void this.closed(event.code);
  }

  private heard(text: string): void {
    this.listen();
    const message = JSON.parse(text) as Message;
    if (!follows(this.last, message)) return this.socket?.close();
    this.last = message.seq;
    this.tries = 0;
    this.ears.line("live", 0);
    if (message.type !== "heartbeat") this.ears.message(message);
  }

  private listen(): void {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.socket?.close(), SILENCE_MS);
  }

  private async closed(code: number): Promise<void> {
    const refused = !this.opened;
    this.opened = false;
    clearTimeout(this.silence);
    if (this.ended.signal.aborted) return;
    const found = CLOSED[code] ?? (refused ? await this.whyRefused() : null);
    if (this.ended.signal.aborted) return;
    if (found) return this.ears.line(found, 0);
    const wait = backOff(this.tries, Math.random());
    this.tries += 1;
    this.ears.line("broken", wait);
    this.timer = setTimeout(() => this.connect(), wait * 1000);
  }

  private async whyRefused(): Promise<Line | null> {
    const found = await this.ears.check().catch(() => "there" as const);
    return found === "there" ? null : found;
  }

  private drop(): void {
    clearTimeout(this.silence);
    if (!this.socket) return;
    this.socket.onclose = null;
    this.socket.onmessage = null;
    this.socket.close();
    this.socket = null;
    this.opened = false;
  }
}
