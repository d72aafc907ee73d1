/** Fields of a form, made from a JSON schema of parameters. Pure. */

import type { Schema } from "../../types";
import { words } from "../../format";

export type Control = "slide" | "model" | "choice" | "number" | "text" | "switch";

export interface Field {
  name: string;
  label: string;
  help: string;
  control: Control;
  required: boolean;
  /** What holds when nothing is given; undefined: nothing does. */
  fallback: unknown;
  whole: boolean;
  min: number | null;
  max: number | null;
  step: number | null;
  choices: string[];
  /** Values that the description names. */
  hints: string[];
  pattern: string | null;
  /** Whether it is asked for first. */
  first: boolean;
}

const FIRST = ["slide", "model", "mpp"];
const HINT = /`([a-z]+)`/g;

/** The fields of a kind, those that are asked for first at the start; `kind` is not asked for. */
export function fieldsOf(schema: Schema): Field[] {
  const required = new Set(schema.required ?? []);
  const fields = Object.entries(schema.properties ?? {})
    .filter(([name]) => name !== "kind")
    .map(([name, about]) => fieldOf(name, about, required.has(name)));
  return fields.sort((a, b) => rank(a.name) - rank(b.name));
}

function rank(name: string): number {
  const at = FIRST.indexOf(name);
  return at < 0 ? FIRST.length : at;
}

function fieldOf(name: string, about: Schema, required: boolean): Field {
  const inner = about.anyOf?.find((each) => each.type !== "null") ?? about;
  const help = about.description ?? "";
  const control = controlOf(name, inner);
  const titled = about.title && about.title.toLowerCase() !== name.replaceAll("_", " ");
  return {
    name,
    label: titled ? (about.title ?? name) : words(name),
    help: help.replaceAll("`", ""),
    control,
    required,
    fallback: about.default ?? undefined,
    whole: inner.type === "integer",
    min: inner.minimum ?? inner.exclusiveMinimum ?? null,
    max: inner.maximum ?? null,
    step: inner.multipleOf ?? (inner.type === "integer" ? 1 : null),
    choices: (inner.enum ?? []).map(String),
    hints: control === "text" ? [...help.matchAll(HINT)].map((found) => found[1] ?? "") : [],
    pattern: inner.pattern ?? null,
    first: FIRST.includes(name),
  };
}

function controlOf(name: string, about: Schema): Control {
  if (name === "slide" || name === "model") return name;
  if (about.enum) return "choice";
  if (about.type === "boolean") return "switch";
  return about.type === "number" || about.type === "integer" ? "number" : "text";
}

export type Read = { value: unknown } | { flaw: string };

/** What was typed, as the server wants it; an empty text leaves it to the default. */
export function read(field: Field, typed: string): Read {
  const text = typed.trim();
  if (!text) return field.required ? { flaw: "is needed" } : { value: undefined };
  if (field.control === "switch") return { value: text === "true" };
  if (field.control !== "number") return readText(field, text);
  const value = Number(text);
  if (!Number.isFinite(value)) return { flaw: "must be a number" };
  if (field.whole && !Number.isInteger(value)) return { flaw: "must be a whole number" };
  if (field.min !== null && value < field.min) return { flaw: `must be at least ${field.min}` };
  if (field.max !== null && value > field.max) return { flaw: `must be at most ${field.max}` };
  if (field.step && field.whole && value % field.step !== 0) return { flaw: `must be a multiple of ${field.step}` };
  if (field.name === "mpp" && value <= 0) return { flaw: "must be more than 0" };
  return { value };
}

function readText(field: Field, text: string): Read {
  const fits = field.pattern === null || new RegExp(field.pattern).test(text);
  return fits ? { value: text } : { flaw: `must be one of ${field.hints.join(", ")} or of that form` };
}
