/** What the door answers, as its OpenAPI document describes it. */

export type JobState = "PENDING" | "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED" | "SKIPPED";
export type Reason = "USER_SLOT" | "BRANCH" | "NEEDS" | "WORKER";

/** Problem details (RFC 9457). */
export interface ProblemOut {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
}

export interface WhoOut {
  tenant: string | null;
  label: string;
  expires: string | null;
}

export interface SlideOut {
  id: string;
  label: string;
  /** What a job's `slide` says to mean this one. */
  path: string;
  /** Others lie in the tenant's folder and cannot be changed here. */
  uploaded: boolean;
  /** Bytes. */
  size: number;
  sha256: string | null;
  format: string | null;
  width_px: number | null;
  height_px: number | null;
  levels: number | null;
  /** µm per level-0 pixel as the file says. */
  mpp: number | null;
  /** The same as the tenant has stated it, which counts. */
  stated_mpp: number | null;
  created: string | null;
}

export interface Paged<T> {
  items: T[];
  next: string | null;
}

export interface ModelOut {
  name: string;
  version: string;
  pixel_size_um: number | null;
  licence: string;
  sha256: string;
}

export interface ModelsOut {
  default: string;
  models: ModelOut[];
}

/** The part of JSON schema that describes parameters of jobs. */
export interface Schema {
  type?: string;
  title?: string;
  description?: string;
  default?: unknown;
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  multipleOf?: number;
  minLength?: number;
  pattern?: string;
  properties?: Record<string, Schema>;
  required?: string[];
}

export interface KindOut {
  kind: string;
  about: string;
  parameters: Schema;
}

export interface ErrorOut {
  code: string;
  message: string;
  hint: string;
}

export interface TilesOut {
  done: number;
  total: number;
}

export interface JobOut {
  id: string;
  workflow: string;
  branch: string;
  number: number;
  kind: string;
  slide: string;
  /** µm per level-0 pixel as it was submitted; null: as the slide says. */
  mpp: number | null;
  state: JobState;
  reason: Reason | null;
  /** What it waits for, in words. */
  waits: string | null;
  tiles: TilesOut | null;
  attempt: number;
  created: string | null;
  started: string | null;
  ended: string | null;
  message: string;
  error: ErrorOut | null;
}

export interface BranchOut {
  name: string;
  needs: string[];
  jobs: JobOut[];
}

export interface WorkflowOut {
  id: string;
  name: string;
  state: JobState;
  message: string;
  created: string;
  jobs_ended: number;
  jobs_total: number;
}

export interface WorkflowDetailOut extends WorkflowOut {
  branches: BranchOut[];
  error: ErrorOut | null;
}

export interface FileOut {
  name: string;
  bytes: number;
  sha256: string;
  media_type: string;
  href: string;
}

export interface ResultOut {
  job: string;
  kind: string;
  files: FileOut[];
}

export interface StatusOut {
  workers: Record<string, number>;
  limits: { max_workers: number; max_active_users: number; gpu: number | null; your_gpu: number };
  active_tenants: number;
  all: { queued: number; running: number };
  yours: { queued: number; running: number };
}

export interface JobSpec {
  kind: string;
  [parameter: string]: unknown;
}

export interface BranchSpec {
  name: string;
  needs?: string[];
  jobs: JobSpec[];
}

export interface WorkflowSpec {
  name: string;
  branches: BranchSpec[];
}
