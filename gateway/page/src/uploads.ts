/** Uploads that can be paused, cut and resumed (tus); they go on while the reader is elsewhere. */

import { type DetailedError, Upload } from "tus-js-client";
import { API, problemOf } from "./api";

export type UploadState = "waiting" | "sending" | "checking" | "paused" | "done" | "refused";

/** One file on its way. */
export interface Sending {
  id: number;
  file: File;
  state: UploadState;
  sent: number;
  /** Why it is paused or refused; otherwise empty. */
  message: string;
  /** The slide that it became. */
  slide: string | null;
}

const AT_ONCE = 2;
const PIECE = 64 * 1024 * 1024;
const RETRIES_MS = [0, 1000, 3000, 5000, 10_000, 20_000];
const BUSY = new Set([409, 423, 429]);
const CUT = "The connection was lost. Nothing that has arrived is lost: resume when it is back.";

/** Whether an answer is one that a later try may change. Pure. */
export function isPassing(status: number): boolean {
  return status === 0 || status >= 500 || BUSY.has(status);
}

/** All uploads of this visit. */
export class Uploads {
  readonly all: Sending[] = [];
  onChange: (sending: Sending) => void = () => undefined;
  onDone: (slide: string) => void = () => undefined;
  private readonly running = new Map<number, Upload>();
  private made = 0;

  /** Asks whether an upload has become a slide: the answer that said so may have been lost. */
  constructor(private readonly isSlide: (id: string) => Promise<boolean>) {}

  /** Begin with files as soon as there is room. */
  add(files: Iterable<File>): void {
    for (const file of files) {
      this.made += 1;
      const state = file.size > 0 ? "waiting" : "refused";
      const message = file.size > 0 ? "" : "This file is empty.";
      this.all.unshift({ id: this.made, file, state, sent: 0, message, slide: null });
      this.changed(this.all[0]!);
    }
    this.next();
  }

  pause(sending: Sending): void {
    void this.running.get(sending.id)?.abort();
    this.set(sending, "paused", "");
    this.next();
  }

  resume(sending: Sending): void {
    this.set(sending, "waiting", "");
    this.next();
  }

  /** Leave nothing of it, here or on the server. */
  async cancel(sending: Sending): Promise<void> {
    const upload = this.running.get(sending.id);
    this.forget(sending);
    await upload?.abort(upload.url !== null);
  }

  /** Take it off the list. */
  forget(sending: Sending): void {
    this.running.delete(sending.id);
    this.all.splice(this.all.indexOf(sending), 1);
    this.changed(sending);
    this.next();
  }

  /** Whether leaving the page would interrupt something. */
  get busy(): boolean {
    return this.all.some((each) => isGoing(each.state) || each.state === "waiting");
  }

  pauseAll(): void {
    for (const each of this.all) {
      if (isGoing(each.state) || each.state === "waiting") this.pause(each);
    }
  }

  private next(): void {
    const room = AT_ONCE - this.all.filter((each) => isGoing(each.state)).length;
    const waiting = this.all.filter((each) => each.state === "waiting").reverse();
    for (const each of waiting.slice(0, Math.max(room, 0))) void this.send(each);
  }

  private async send(sending: Sending): Promise<void> {
    this.set(sending, "sending", "");
    const upload = this.running.get(sending.id) ?? (await this.open(sending));
    const whole = sending.sent >= sending.file.size && upload.url;
    if (whole && (await this.isSlide(idOf(whole)).catch(() => false))) return this.done(sending, whole);
    if (sending.state === "sending") upload.start();
  }

  /** Also where an earlier visit to the page was cut off. */
  private async open(sending: Sending): Promise<Upload> {
    const upload = new Upload(sending.file, {
      endpoint: `${location.origin}${API}/uploads/`,
      metadata: { filename: sending.file.name },
      chunkSize: PIECE,
      retryDelays: RETRIES_MS,
      removeFingerprintOnSuccess: true,
      onShouldRetry: (error) => sending.state === "sending" && isPassing(statusOf(error as DetailedError)),
      onProgress: (sent, total) => this.moved(sending, sent, total ?? sending.file.size),
      onSuccess: () => this.done(sending, upload.url ?? ""),
      onError: (error) => this.stopped(sending, error as DetailedError),
    });
    this.running.set(sending.id, upload);
    const [earlier] = await upload.findPreviousUploads();
    if (earlier) upload.resumeFromPreviousUpload(earlier);
    return upload;
  }

  private moved(sending: Sending, sent: number, total: number): void {
    if (!isGoing(sending.state)) return;
    sending.sent = sent;
    this.set(sending, sent >= total ? "checking" : "sending", "");
  }

  private done(sending: Sending, url: string): void {
    sending.slide = idOf(url);
    sending.sent = sending.file.size;
    this.running.delete(sending.id);
    this.set(sending, "done", "");
    this.onDone(sending.slide);
    this.next();
  }

  private stopped(sending: Sending, error: DetailedError): void {
    const status = statusOf(error);
    const words = problemOf(error.originalResponse?.getBody() ?? "")?.detail;
    if (isPassing(status)) this.set(sending, "paused", words ?? CUT);
    else {
      this.running.delete(sending.id);
      this.set(sending, "refused", words ?? `The server refused it (${status}).`);
    }
    this.next();
  }

  private set(sending: Sending, state: UploadState, message: string): void {
    sending.state = state;
    sending.message = message;
    this.changed(sending);
  }

  private changed(sending: Sending): void {
    this.onChange(sending);
  }
}

export function isGoing(state: UploadState): boolean {
  return state === "sending" || state === "checking";
}

function idOf(url: string): string {
  return url.split("/").pop() ?? "";
}

function statusOf(error: DetailedError): number {
  return error.originalResponse?.getStatus() ?? 0;
}
