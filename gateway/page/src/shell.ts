/** What surrounds every view: header, main, status. */

import type { Api } from "./api";
import { fill, h } from "./dom";
import { look } from "./look";
import { type Place, Router } from "./router";

/** Begin. */
export async function start(root: HTMLElement, api: Api): Promise<void> {
  const main = h("main", { id: "main", tabindex: -1 });
  fill(root, [main]);
  let leave: () => void = () => undefined;
  const router = new Router((place: Place) => {
    leave();
    leave = () => undefined;
    fill(main, []);
    if (place.view === "look") void look(main, api, place.job).then((end) => (leave = end));
    else fill(main, h("h1", {}, place.view));
  });
  router.show();
}
