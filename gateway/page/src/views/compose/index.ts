/** Compose: branches of jobs, submitted as one workflow. */

import { fill } from "../../dom";
import { failed, loading } from "../../ui";
import type { SlideOut } from "../../types";
import type { Context, View } from "../view";
import { Composer } from "./composer";
import type { Offer } from "./form";

const MOST_PAGES = 10;

/** The view; with a slide's id, the preset for it. */
export const composeView = (slide: string | null): View => (root, context) => {
  let gone = false;
  let end: () => void = () => undefined;
  const load = (): void => {
    fill(root, loading("what can be asked for"));
    offered(context)
      .then((offer) => {
        if (!gone) end = new Composer(root, context, offer, slide).end;
      })
      .catch((error: unknown) => !gone && fill(root, failed(error, load, "h1")));
  };
  load();
  return () => {
    gone = true;
    end();
  };
};

async function offered({ api }: Context): Promise<Offer> {
  const [kinds, models, slides] = await Promise.all([api.kinds(), api.models(), allSlides(api)]);
  return { kinds, models, slides };
}

async function allSlides(api: Context["api"]): Promise<SlideOut[]> {
  const found: SlideOut[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < MOST_PAGES && (page === 0 || cursor); page += 1) {
    const part: Awaited<ReturnType<typeof api.slides>> = await api.slides(cursor);
    found.push(...part.items);
    cursor = part.next;
  }
  return found;
}
