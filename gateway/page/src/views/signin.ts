/** Signing in: a key is traded for a cookie; the page forgets the key. */

import { type Api, Refused } from "../api";
import { button, fill, h } from "../dom";
import type { WhoOut } from "../types";
import { notice, said } from "../ui";

/** Ask for a key until one is good. */
export function signIn(root: HTMLElement, api: Api, done: (who: WhoOut) => void): void {
  const key = h("input", {
    id: "key", type: "password", autocomplete: "current-password", required: true,
    spellcheck: "false", "aria-describedby": "key-help", class: "mono",
  });
  const show = button("Show", () => toggle(key, show), { class: "button quiet", "aria-pressed": "false" });
  const submit = h("button", { type: "submit", class: "button primary" }, "Sign in");
  const told = h("div");
  const form = h("form", { class: "card signin" }, [
    h("h1", {}, "Sign in"),
    h("p", { class: "muted" }, "Upload slides, have every nucleus segmented, and look at each of them."),
    h("label", { for: "key" }, "Your key"),
    h("div", { class: "row" }, [key, show]),
    h("p", { id: "key-help", class: "small muted" }, [
      "It begins with ", h("code", {}, "sl_"), ". Your operator gives you one; on your own computer ",
      h("code", {}, "make serve"), " prints one when it starts for the first time.",
    ]),
    told,
    submit,
  ]);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit.disabled = true;
    enter(api, key.value.trim())
      .then(done)
      .catch((error: unknown) => {
        fill(told, notice("bad", why(error)));
        key.focus();
      })
      .finally(() => (submit.disabled = false));
  });
  fill(root, form);
  key.focus();
}

function why(error: unknown): string {
  const unknown = error instanceof Refused && error.status === 401;
  return unknown ? "This key does not open the door: it is mistyped, or it has ended. Ask for another one." : said(error);
}

async function enter(api: Api, key: string): Promise<WhoOut> {
  const who = await api.signin(key);
  if (who.tenant) return who;
  await api.signout();
  throw new Error("This is an operator's key. The page is for tenants: sign in with a tenant's key.");
}

function toggle(key: HTMLInputElement, show: HTMLButtonElement): void {
  const hidden = key.type === "password";
  key.type = hidden ? "text" : "password";
  show.textContent = hidden ? "Hide" : "Show";
  show.setAttribute("aria-pressed", String(hidden));
}
