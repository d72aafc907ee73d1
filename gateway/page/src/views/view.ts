/** What every view gets. */

import type { Api } from "../api";
import type { WhoOut } from "../types";
import type { Uploads } from "../uploads";

export interface Context {
  api: Api;
  who: WhoOut;
  uploads: Uploads;
  /** Go to another address of the page. */
  go: (address: string) => void;
}

/** Shows itself in `root`; gives what ends it. */
export type View = (root: HTMLElement, context: Context) => () => void;
