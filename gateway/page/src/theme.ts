/** Dark or light: as the system says, unless the reader has chosen. */

export type Theme = "system" | "light" | "dark";
const KEPT = "slideloom-theme";
const NEXT: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };

export function chosenTheme(): Theme {
  const kept = localStorage.getItem(KEPT);
  return kept === "light" || kept === "dark" ? kept : "system";
}

export function applyTheme(theme: Theme): void {
  if (theme === "system") localStorage.removeItem(KEPT);
  else localStorage.setItem(KEPT, theme);
  document.documentElement.dataset["theme"] = theme;
}

/** The next choice, in a circle. */
export function nextTheme(): Theme {
  const next = NEXT[chosenTheme()];
  applyTheme(next);
  return next;
}
