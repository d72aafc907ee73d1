/** Addresses of the page, and which view stands at each. Pure but for `Router`. */

export type Place =
  | { view: "slides" }
  | { view: "compose"; slide: string | null }
  | { view: "workflows" }
  | { view: "workflow"; id: string }
  | { view: "look"; job: string }
  | { view: "nowhere" };

/** The place that an address names. */
export function placeOf(path: string, query = ""): Place {
  const parts = path.split("/").filter(Boolean).map(decoded);
  const [first, second, third] = parts;
  if (parts.length === 0 || (parts.length === 1 && first === "slides")) return { view: "slides" };
  if (parts.length === 1 && first === "compose") {
    return { view: "compose", slide: new URLSearchParams(query).get("slide") };
  }
  if (first === "workflows" && parts.length === 1) return { view: "workflows" };
  if (first === "workflows" && second && parts.length === 2) return { view: "workflow", id: second };
  if (first === "jobs" && second && third === "look" && parts.length === 3) {
    return { view: "look", job: second };
  }
  return { view: "nowhere" };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const addressOf = {
  slides: "/slides",
  compose: "/compose",
  workflows: "/workflows",
  workflow: (id: string) => `/workflows/${encodeURIComponent(id)}`,
  look: (job: string) => `/jobs/${encodeURIComponent(job)}/look`,
  composeWith: (slide: string) => `/compose?slide=${encodeURIComponent(slide)}`,
};

/** Follows the address bar, the history and links within the page. */
export class Router {
  private readonly ended = new AbortController();

  constructor(private readonly arrive: (place: Place) => void) {
    const { signal } = this.ended;
    window.addEventListener("popstate", () => this.show(), { signal });
    document.addEventListener("click", (event) => this.follow(event), { signal });
  }

  stop(): void {
    this.ended.abort();
  }

  /** Show what the address bar says. */
  show(): void {
    this.arrive(placeOf(location.pathname, location.search));
  }

  /** Go elsewhere within the page. */
  go(address: string): void {
    history.pushState(null, "", address);
    this.show();
  }

  private follow(event: MouseEvent): void {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    const plain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey);
    if (!link || !plain || link.target || link.hasAttribute("download")) return;
    const url = new URL(link.href, location.href);
    if (url.origin !== location.origin || placeOf(url.pathname).view === "nowhere") return;
    if (url.hash && url.pathname === location.pathname) return;
    event.preventDefault();
    this.go(url.pathname + url.search + url.hash);
  }
}
