/** The door's REST API, typed. Every refusal is a `Refused` with words for people. */

import type {
  JobOut,
  KindOut,
  ModelsOut,
  Paged,
  ProblemOut,
  ResultOut,
  SlideOut,
  StatusOut,
  WhoOut,
  WorkflowDetailOut,
  WorkflowOut,
  WorkflowSpec,
} from "./types";

export const API = "/api/v1";

/** The door said no, or was not there. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** Seconds to wait before it is worth another try. */
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }
}

export interface Asked {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export class Api {
  /** Called once the door no longer knows who asks. */
  onSignedOut: () => void = () => undefined;

  /** Any JSON endpoint below `/api/v1`. */
  async ask<T>(path: string, asked: Asked = {}): Promise<T> {
    const answer = await this.send(path, asked);
    return (answer.status === 204 ? undefined : await answer.json()) as T;
  }

  /** Any endpoint below `/api/v1`, its answer unread. */
  async send(path: string, asked: Asked = {}): Promise<Response> {
    const answer = await fetch(`${API}${path}`, requestOf(asked)).catch((error: unknown) => {
      if (asked.signal?.aborted) throw error;
      throw new Refused(0, "unreachable", "The server does not answer. Is it running?");
    });
    if (answer.ok || answer.status === 304) return answer;
    if (answer.status === 401 && path !== "/signin") this.onSignedOut();
    throw await refusedOf(answer);
  }

  signin = (key: string) => this.ask<WhoOut>("/signin", { method: "POST", body: { key } });
  signout = () => this.ask<void>("/signout", { method: "POST" });
  me = () => this.ask<WhoOut>("/me");
  status = (signal?: AbortSignal) => this.ask<StatusOut>("/status", signal ? { signal } : {});

  slides = (cursor?: string | null) => this.ask<Paged<SlideOut>>(paged("/slides", cursor));
  /** The slide that a job names so. */
  slideNamed = (path: string) =>
    this.ask<Paged<SlideOut>>(`/slides?path=${encodeURIComponent(path)}`).then(({ items }) => items[0] ?? null);
  slide = (id: string) => this.ask<SlideOut>(`/slides/${encodeURIComponent(id)}`);
  changeSlide = (id: string, body: { label?: string; mpp?: number | null }) =>
    this.ask<SlideOut>(`/slides/${encodeURIComponent(id)}`, { method: "PATCH", body });
  deleteSlide = (id: string) =>
    this.ask<void>(`/slides/${encodeURIComponent(id)}`, { method: "DELETE" });
  thumbnail = (id: string) => `${API}/slides/${encodeURIComponent(id)}/thumbnail`;

  models = () => this.ask<ModelsOut>("/models");
  kinds = () => this.ask<KindOut[]>("/kinds");

  submit = (spec: WorkflowSpec, key: string) =>
    this.ask<WorkflowDetailOut>("/workflows", {
      method: "POST",
      body: spec,
      headers: { "Idempotency-Key": key },
    });
  workflows = (cursor?: string | null) => this.ask<Paged<WorkflowOut>>(paged("/workflows", cursor));
  workflow = (id: string) => this.ask<WorkflowDetailOut>(`/workflows/${encodeURIComponent(id)}`);
  workflowSpec = async (id: string) =>
    (await this.send(`/workflows/${encodeURIComponent(id)}/spec`)).text();
  cancelWorkflow = (id: string) =>
    this.ask<WorkflowDetailOut>(`/workflows/${encodeURIComponent(id)}/cancel`, { method: "POST" });

  job = (id: string) => this.ask<JobOut>(`/jobs/${encodeURIComponent(id)}`);
  cancelJob = (id: string) =>
    this.ask<JobOut>(`/jobs/${encodeURIComponent(id)}/cancel`, { method: "POST" });
  retryJob = (id: string) =>
    this.ask<JobOut>(`/jobs/${encodeURIComponent(id)}/retry`, { method: "POST" });
  result = (id: string) => this.ask<ResultOut>(`/jobs/${encodeURIComponent(id)}/result`);
}

function requestOf(asked: Asked): RequestInit {
  const headers: Record<string, string> = { Accept: "application/json", ...asked.headers };
  const request: RequestInit = { method: asked.method ?? "GET", credentials: "same-origin" };
  if (asked.body !== undefined) {
    headers["Content-Type"] = "application/json";
    request.body = JSON.stringify(asked.body);
  }
  if (asked.signal) request.signal = asked.signal;
  return { ...request, headers };
}

/** What an answer that is no success says. */
export async function refusedOf(answer: Response): Promise<Refused> {
  const after = Number(answer.headers.get("Retry-After"));
  const problem = problemOf(await answer.text().catch(() => ""));
  const words = problem?.detail ?? `${answer.status} ${answer.statusText}`.trim();
  return new Refused(answer.status, problem?.code ?? "unknown", words, after > 0 ? after : null);
}

/** Problem details, if that is what the text is. */
export function problemOf(text: string): ProblemOut | null {
  try {
    const content = JSON.parse(text) as Partial<ProblemOut> | null;
    return typeof content?.detail === "string" ? (content as ProblemOut) : null;
  } catch {
    return null;
  }
}

function paged(path: string, cursor?: string | null): string {
  return cursor ? `${path}?cursor=${encodeURIComponent(cursor)}` : path;
}
