/** Plain data as YAML that any reader reads back the same. Pure. */

type Plain = string | number | boolean | null | Plain[] | { [key: string]: Plain };

const SAFE = /^[A-Za-z][A-Za-z0-9 _./µ-]*$/;
const WORDS = new Set(["true", "false", "yes", "no", "on", "off", "null", "y", "n"]);

/** A mapping or list as a block. */
export function toYaml(value: unknown): string {
  return `${lines(value as Plain).join("\n")}\n`;
}

function lines(value: Plain): string[] {
  if (Array.isArray(value)) return value.flatMap(entry);
  if (value !== null && typeof value === "object") {
    return Object.entries(value).flatMap(([key, each]) => pair(key, each));
  }
  return [scalar(value)];
}

function entry(value: Plain): string[] {
  const [first, ...rest] = lines(value);
  return [`- ${first ?? "{}"}`, ...rest.map((line) => `  ${line}`)];
}

function pair(key: string, value: Plain): string[] {
  if (value === null || typeof value !== "object") return [`${scalar(key)}: ${scalar(value)}`];
  const inner = lines(value);
  if (inner.length === 0) return [`${scalar(key)}: ${Array.isArray(value) ? "[]" : "{}"}`];
  if (Array.isArray(value) && value.every((each) => typeof each !== "object")) {
    return [`${scalar(key)}: [${value.map((each) => scalar(each as string)).join(", ")}]`];
  }
  return [`${scalar(key)}:`, ...inner.map((line) => `  ${line}`)];
}

/** JSON's strings are YAML's, too. */
function scalar(value: string | number | boolean | null): string {
  if (typeof value !== "string") return JSON.stringify(value);
  const plain = SAFE.test(value) && !value.endsWith(" ") && !WORDS.has(value.toLowerCase());
  return plain ? value : JSON.stringify(value);
}
