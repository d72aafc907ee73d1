/** Where the view of a slide's cells comes in; it is loaded only when somebody looks. */

import type { Api } from "./api";

type Look = { mountLook: (root: HTMLElement, api: Api, job: string) => () => void };
const FOUND = import.meta.glob<Look>("./look/index.ts");

/** Show the cells of a job; gives what ends it. */
export async function look(root: HTMLElement, api: Api, job: string): Promise<() => void> {
  const load = FOUND["./look/index.ts"];
  if (!load) throw new Error("this build has no viewer");
  return (await load()).mountLook(root, api, job);
}
