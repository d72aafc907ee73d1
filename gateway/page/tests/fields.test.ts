import { describe, expect, it } from "vitest";
import { fieldsOf, read } from "../src/views/compose/fields";
import type { Schema } from "../src/types";

const SCHEMA: Schema = {
  properties: {
    kind: { const: "segment_cells", type: "string", default: "segment_cells" },
    tile_size: { type: "integer", minimum: 64, maximum: 16384, multipleOf: 16, default: 1024, title: "Tile Size" },
    on_bad_tile: { type: "string", enum: ["fail", "gap"], default: "fail", title: "On a bad tile" },
    tissue: { type: "string", default: "auto", description: "`auto`: find it; `off`: all; or a mask (PNG)." },
    device: { type: "string", pattern: "^(auto|cpu|cuda(:\\d+)?)$", default: "auto" },
    mpp: { anyOf: [{ type: "number" }, { type: "null" }], title: "µm per pixel" },
    model: { type: "string", default: "slideloom_nuclei_small" },
    slide: { type: "string", minLength: 1, description: "Path of the slide." },
  },
  required: ["slide"],
};
const FIELDS = fieldsOf(SCHEMA);
const field = (name: string) => FIELDS.find((each) => each.name === name)!;

describe("a form", () => {
  it("asks for what matters first, and never for the kind", () => {
    expect(FIELDS.map((each) => each.name)).toEqual([
      "slide", "model", "mpp", "tile_size", "on_bad_tile", "tissue", "device",
    ]);
    expect(FIELDS.map((each) => each.control)).toEqual([
      "slide", "model", "number", "number", "choice", "text", "text",
    ]);
  });

  it("has the schema's words, bounds and defaults", () => {
    expect(field("tile_size")).toMatchObject({ label: "Tile size", min: 64, max: 16384, step: 16, whole: true, fallback: 1024 });
    expect(field("mpp")).toMatchObject({ label: "µm per pixel", required: false, fallback: undefined, whole: false });
    expect(field("on_bad_tile")).toMatchObject({ label: "On a bad tile", choices: ["fail", "gap"] });
    expect(field("tissue").hints).toEqual(["auto", "off"]);
    expect(field("slide")).toMatchObject({ required: true, first: true });
  });
});

describe("what is typed", () => {
  it("is read as the schema wants it", () => {
    expect(read(field("tile_size"), " 512 ")).toEqual({ value: 512 });
    expect(read(field("mpp"), "0.25")).toEqual({ value: 0.25 });
    expect(read(field("device"), "cuda:1")).toEqual({ value: "cuda:1" });
  });

  it("is left to the default when it is empty", () => {
    expect(read(field("tile_size"), "  ")).toEqual({ value: undefined });
  });

  it.each([
    ["slide", "", "needed"],
    ["tile_size", "63", "at least 64"],
    ["tile_size", "100", "multiple of 16"],
    ["tile_size", "512.5", "whole"],
    ["tile_size", "99999", "at most"],
    ["tile_size", "many", "number"],
    ["mpp", "-1", "more than 0"],
    ["mpp", "Infinity", "number"],
    ["device", "tpu", "form"],
  ])("is refused at once where it cannot be right: %s = %s", (name, typed, why) => {
    expect(read(field(name), typed)).toMatchObject({ flaw: expect.stringContaining(why) });
  });
});
