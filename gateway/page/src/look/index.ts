/** Look: the slide in deep zoom with every cell that a job has found. */

import "./look.css";
import { type Api, Refused } from "../api";
import { button, fill, h, link } from "../dom";
import { addressOf } from "../router";
import { loading, said } from "../ui";
import { hasEnded } from "../views/watch/live";
import { type Scene, findResult, findScene, got, had, sizeOf } from "./found";
import { nothing } from "./frame";
import { Looking } from "./looking";
import { baseWords } from "./words";

const AGAIN_MS = 5000;

/** Show the cells of a job; gives what ends it. */
export function mountLook(root: HTMLElement, api: Api, jobId: string): () => void {
  const controller = new AbortController();
  const room = h("div", { class: "look" });
  let looking: Looking | null = null;
  let timer = 0;
  root.append(room);

  async function begin(): Promise<void> {
    clearTimeout(timer);
    looking?.end();
    fill(room, h("div", { class: "look-waiting" }, loading("the slide and its cells")));
    const [scene, result] = await Promise.all([
      findScene(api, jobId, controller.signal),
      had(findResult(api, jobId, controller.signal)),
    ]);
    if (controller.signal.aborted) return;
    const size = sizeOf(scene);
    if (!size) return showNothing(scene);
    looking = new Looking(room, api, scene, size, got(result), controller.signal);
    await looking.begin();
  }

  function showNothing(scene: Scene): void {
    const { job } = scene;
    const ended = hasEnded(job.state);
    const why = "refused" in scene.base ? baseWords(scene.base.refused) : "";
    const hope = ended
      ? "The job has ended without cells. Its workflow says why, and can retry it."
      : "The job has not begun. Its cells appear here as soon as tiles are done.";
    if (!ended) timer = window.setTimeout(start, AGAIN_MS);
    fill(
      room,
      nothing(ended ? "There is nothing to look at" : "Nothing to look at yet", `${why} ${hope}`, [
        link(addressOf.workflow(job.workflow), "To its workflow", { class: "button" }),
        button("Try again", start),
      ]),
    );
  }

  function fail(error: unknown): void {
    if (controller.signal.aborted) return;
    // An id that can be none is refused otherwise than one that is not there.
    const missing = error instanceof Refused && [404, 422].includes(error.status);
    const title = missing ? "There is no such job" : "The job cannot be shown";
    const text = missing ? "It may have been deleted, or the address is not whole." : said(error);
    if (error instanceof Refused && error.status === 0) timer = window.setTimeout(start, AGAIN_MS);
    fill(
      room,
      nothing(title, text, [
        link(addressOf.workflows, "To all workflows", { class: "button" }),
        button("Try again", start),
      ]),
    );
  }

  function start(): void {
    void begin().catch(fail);
  }

  start();
  return () => {
    clearTimeout(timer);
    controller.abort();
    looking?.end();
    room.remove();
  };
}
