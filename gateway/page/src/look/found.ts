/** What there is to see of a job: its slide, its cells, its result; each may be missing. */

import { API, type Api, Refused } from "../api";
import type { JobOut, ResultOut, SlideOut } from "../types";
import type { CellsAnswer } from "./cells";
import type { Box, Size } from "./geometry";
import type { Distribution } from "./histogram";
import { type Ring, ringsOf } from "./marks";
import { type Pyramid, parseDzi } from "./pyramid";
import type { Picture } from "./stage";

/** Side of the slide's tiles: larger ones are fewer requests. */
const TILE_PX = 512;

/** Something, or why it is not there. */
export type Had<T> = { readonly got: T } | { readonly refused: Refused };

export interface Scene {
  readonly job: JobOut;
  readonly slide: Had<SlideOut>;
  readonly base: Had<Picture>;
  readonly cells: Had<Pyramid>;
}

/** As much of `summary.json` as is shown. */
export interface Summary {
  readonly cells?: { readonly cells: number; readonly clipped?: number };
  readonly tissue?: {
    readonly source?: string;
    readonly area_mm2: number;
    readonly fraction: number;
  };
  readonly density_per_mm2?: number | null;
  readonly measures?: Readonly<Record<string, Distribution>>;
  readonly tiles?: {
    readonly total: number;
    readonly segmented?: number;
    readonly skipped: number;
  };
  readonly slide?: {
    readonly mpp_x: number;
    readonly width_px: number;
    readonly height_px: number;
  };
  readonly model?: { readonly name?: string };
  readonly gaps?: readonly unknown[];
}

export interface Result {
  readonly files: ResultOut["files"];
  readonly summary: Summary | null;
  readonly tissue: readonly Ring[] | null;
}

export async function had<T>(coming: Promise<T>): Promise<Had<T>> {
  try {
    return { got: await coming };
  } catch (error) {
    if (error instanceof Refused) return { refused: error };
    throw error;
  }
}

export function got<T>(what: Had<T>): T | null {
  return "got" in what ? what.got : null;
}

/** Everything that is there now.
 *
 * Throws `Refused` where the job itself cannot be had.
 */
export async function findScene(api: Api, jobId: string, signal: AbortSignal): Promise<Scene> {
  const job = await api.job(jobId);
  const [[slide, base], cells] = await Promise.all([
    findSlide(api, job.slide, signal),
    had(findCells(api, jobId, signal)),
  ]);
  return { job, slide, base, cells };
}

async function findSlide(
  api: Api,
  path: string,
  signal: AbortSignal,
): Promise<[Had<SlideOut>, Had<Picture>]> {
  const slide = await had(slideAt(api, path));
  if ("refused" in slide) return [slide, slide];
  return [slide, await had(basePicture(api, slide.got.id, signal))];
}

/** The slide that jobs call by this path. */
async function slideAt(api: Api, path: string): Promise<SlideOut> {
  const slide = await api.slideNamed(path);
  if (slide) return slide;
  throw new Refused(
    404,
    "not_found",
    "The slide is not among yours any more: it has been deleted or moved.",
  );
}

async function basePicture(api: Api, slide: string, signal: AbortSignal): Promise<Picture> {
  const at = `/slides/${encodeURIComponent(slide)}/tiles`;
  const pyramid = await described(api, `${at}/slide.dzi?tile=${TILE_PX}`, signal);
  return { pyramid, tileUrl: (level, x, y) => `${API}${at}/${level}/${x}_${y}.jpeg?tile=${TILE_PX}` };
}

export function findCells(api: Api, job: string, signal: AbortSignal): Promise<Pyramid> {
  return described(api, `/jobs/${encodeURIComponent(job)}/overlay/overlay.dzi`, signal);
}

/** The layer of cells; another version, other addresses, so that nothing old is shown. */
export function cellsPicture(pyramid: Pyramid, job: string, version: string): Picture {
  const at = `${API}/jobs/${encodeURIComponent(job)}/overlay`;
  return { pyramid, tileUrl: (level, x, y) => `${at}/${level}/${x}_${y}.png?v=${version}` };
}

async function described(api: Api, path: string, signal: AbortSignal): Promise<Pyramid> {
  const answer = await api.send(path, { signal, headers: { Accept: "application/xml" } });
  const pyramid = parseDzi(await answer.text());
  if (!pyramid)
    throw new Refused(500, "unreadable", "The server's description of the picture cannot be read.");
  return pyramid;
}

/** µm per level-0 pixel: as the cells were measured, as the job or their owner says, or the file. */
export function mppOf({ job, slide }: Scene, result: Result | null): number | null {
  const about = got(slide);
  return result?.summary?.slide?.mpp_x ?? job.mpp ?? about?.stated_mpp ?? about?.mpp ?? null;
}

export function sizeOf(scene: Scene): Size | null {
  return got(scene.base)?.pyramid ?? got(scene.cells);
}

/** The result; null: there is none yet. */
export async function findResult(
  api: Api,
  job: string,
  signal: AbortSignal,
): Promise<Result | null> {
  const listed = await had(api.result(job));
  if ("refused" in listed) {
    if (listed.refused.status === 404) return null;
    throw listed.refused;
  }
  const { files } = listed.got;
  const has = (name: string) => files.some((file) => file.name === name);
  const read = async <T>(name: string) =>
    has(name)
      ? await api.ask<T>(`/jobs/${encodeURIComponent(job)}/result/${name}`, { signal })
      : null;
  const [summary, tissue] = await Promise.all([
    read<Summary>("summary.json"),
    read<unknown>("tissue.geojson"),
  ]);
  return { files, summary, tissue: tissue ? ringsOf(tissue) : null };
}

export function cellsIn(
  api: Api,
  job: string,
  box: Box,
  signal: AbortSignal,
): Promise<CellsAnswer> {
  const sides = [box.x0, box.y0, box.x1, box.y1].map((side) => Number(side.toFixed(2)));
  return api.ask(`/jobs/${encodeURIComponent(job)}/cells?bbox=${sides.join(",")}`, { signal });
}
