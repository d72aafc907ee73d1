/** Numbers and times as people read them. Pure. */

const COUNT = new Intl.NumberFormat("en");
const UNITS = ["bytes", "kB", "MB", "GB", "TB"];

export function count(value: number): string {
  return COUNT.format(value);
}

/** Bytes in the largest unit that fits, in steps of 1000. */
export function bytes(value: number): string {
  let rest = value;
  let unit = 0;
  while (rest >= 999.5 && unit < UNITS.length - 1) {
    rest /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || rest >= 99.5 ? 0 : 1;
  return `${rest.toFixed(digits)} ${UNITS[unit]}`;
}

export function pixels(width: number | null, height: number | null): string {
  return width && height ? `${count(width)} × ${count(height)} px` : "size not read yet";
}

export function mpp(value: number): string {
  return `${Number(value.toPrecision(4))} µm/px`;
}

/** A span of seconds in at most two units. */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return whole % 60 ? `${minutes} min ${whole % 60} s` : `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return `${Math.floor(hours / 24)} days`;
}

/** How long ago a moment was, at `now` (ms). */
export function ago(moment: string, now: number): string {
  const seconds = (now - Date.parse(moment)) / 1000;
  return seconds < 5 ? "just now" : `${span(seconds < 60 ? seconds : roughly(seconds))} ago`;
}

function roughly(seconds: number): number {
  if (seconds < 3600) return Math.floor(seconds / 60) * 60;
  return seconds < 86400 ? Math.floor(seconds / 3600) * 3600 : Math.max(seconds, 48 * 3600 + 1);
}

export function moment(value: string): string {
  return new Date(value).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}

/** `segment_cells` as people say it. */
export function words(name: string): string {
  const text = name.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A message as a sentence of its own. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  const first = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
