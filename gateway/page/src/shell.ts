/** What surrounds every view: header, main, status; and who is signed in. */

import type { Api } from "./api";
import { button, fill, h, link } from "./dom";
import { look } from "./look";
import { addressOf, type Place, Router } from "./router";
import { showStatus } from "./status";
import { chosenTheme, nextTheme, type Theme } from "./theme";
import type { WhoOut } from "./types";
import { attempt, empty, failed, tell } from "./ui";
import { Uploads } from "./uploads";
import { composeView } from "./views/compose";
import { signIn } from "./views/signin";
import { slidesView } from "./views/slides";
import { workflowView, workflowsView } from "./views/watch";
import type { Context, View } from "./views/view";

const TABS: [string, string, Place["view"][]][] = [
  [addressOf.slides, "Slides", ["slides"]],
  [addressOf.compose, "Compose", ["compose"]],
  [addressOf.workflows, "Workflows", ["workflows", "workflow", "look"]],
];
const THEME_SIGNS: Record<Theme, string> = { system: "◐", light: "☀", dark: "☾" };
const TITLES: Record<Place["view"], string> = {
  slides: "Slides",
  compose: "Compose",
  workflows: "Workflows",
  workflow: "Workflow",
  look: "Look",
  nowhere: "Not found",
};

/** Begin: find out who is signed in, and show what the address says. */
export async function start(root: HTMLElement, api: Api): Promise<void> {
  const who = await api.me().catch(() => null);
  const enter = (someone: WhoOut): void => inside(root, api, someone, () => outside(root, api, enter));
  if (who?.tenant) enter(who);
  else outside(root, api, enter);
}

function outside(root: HTMLElement, api: Api, enter: (who: WhoOut) => void): void {
  api.onSignedOut = () => undefined;
  document.title = "Sign in · slideloom";
  const main = h("main", { id: "main", class: "narrow" });
  fill(root, [h("header", { class: "top" }, [brand(), h("span", { class: "grow" }), themeButton()]), main]);
  signIn(main, api, enter);
}

function inside(root: HTMLElement, api: Api, who: WhoOut, left: () => void): void {
  const main = h("main", { id: "main", tabindex: -1 });
  const tabs = h("nav", { "aria-label": "Main" });
  const bar = h("footer", { class: "status", "aria-label": "How busy the server is" });
  const uploads = uploadsOf(api);
  let leave: (() => void) | null = null;
  const router = new Router((place) => {
    leave?.();
    fill(tabs, TABS.map((tab) => tabOf(tab, place)));
    document.title = `${TITLES[place.view]} · slideloom`;
    // Who follows a link by keyboard or ear goes on from the new content.
    if (leave) main.focus({ preventScroll: true });
    leave = arrive(main, place, { api, who, uploads, go: (address) => router.go(address) });
  });
  const stopStatus = showStatus(bar, api);
  const end = (): void => {
    leave?.();
    uploads.pauseAll();
    stopStatus();
    router.stop();
    left();
  };
  api.onSignedOut = end;
  const out = button("Sign out", () => void attempt(() => api.signout().then(forget).then(end)), {
    class: "button quiet",
  });
  fill(root, [
    h("a", { href: "#main", class: "skip" }, "Skip to the content"),
    h("header", { class: "top" }, [
      brand(), tabs, h("span", { class: "grow" }),
      h("span", { class: "who", title: who.label }, who.tenant ?? ""), themeButton(), out,
    ]),
    main,
    bar,
  ]);
  router.show();
}

function uploadsOf(api: Api): Uploads {
  const uploads = new Uploads((id) => api.slide(id).then(() => true));
  window.addEventListener("beforeunload", (event) => uploads.busy && event.preventDefault());
  uploads.onDone = () => tell("An upload has arrived");
  return uploads;
}

/** Drafts are the tenant's, not the next one's. */
function forget(): void {
  sessionStorage.clear();
}

function brand(): HTMLElement {
  return link(addressOf.slides, [h("img", { src: "/favicon.svg", alt: "", width: 28, height: 28 }), "slideloom"], {
    class: "brand",
  });
}

function themeButton(): HTMLElement {
  const made = button("", () => {
    nextTheme();
    say();
  }, { class: "button quiet" });
  const say = (): void => {
    made.textContent = THEME_SIGNS[chosenTheme()];
    made.setAttribute("aria-label", `Theme: ${chosenTheme()}`);
    made.title = `Theme: ${chosenTheme()}`;
  };
  say();
  return made;
}

function tabOf([to, label, views]: (typeof TABS)[number], place: Place): HTMLElement {
  return link(to, label, { "aria-current": views.includes(place.view) ? "page" : null });
}

function arrive(main: HTMLElement, place: Place, context: Context): () => void {
  fill(main, []);
  main.className = `view-${place.view}`;
  window.scrollTo(0, 0);
  return viewOf(place)(main, context);
}

function viewOf(place: Place): View {
  switch (place.view) {
    case "slides":
      return slidesView;
    case "compose":
      return composeView(place.slide);
    case "workflows":
      return workflowsView;
    case "workflow":
      return workflowView(place.id);
    case "look":
      return (root, context) => lookView(root, context, place.job);
    default:
      return (root) => {
        fill(root, empty("There is nothing at this address", "Follow one of the links above.", [], "h1"));
        return () => undefined;
      };
  }
}

/** The viewer is loaded when somebody looks, and may be left before it has come. */
function lookView(root: HTMLElement, context: Context, job: string): () => void {
  let gone = false;
  let end: () => void = () => undefined;
  look(root, context.api, job)
    .then((ending) => (gone ? ending() : (end = ending)))
    .catch((error: unknown) => {
      if (!gone) fill(root, failed(error, () => location.reload(), "h1"));
    });
  return () => {
    gone = true;
    end();
  };
}
