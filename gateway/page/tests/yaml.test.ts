import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { toYaml } from "../src/views/compose/yaml";

const HOSTILE = [
  "", " ", "a b ", "yes", "No", "null", "1", "0x1f", "1e3", "~", "- a", "a: b", "a #b", "#", "'", '"', "\\", "\n", "\t",
  "é", "µ", "🔬", "{a}", "[a]", "&a", "*a", "!a", "|", ">", "%", "@", "`", "2026-01-01", "a:", ":", "---", "...", "?", "\u2028",
];

describe("YAML", () => {
  it("is read back as it was, whatever is in it", () => {
    for (const text of HOSTILE) {
      const spec = {
        name: text,
        branches: [{ name: text, needs: [text, "b"], jobs: [{ kind: "k", slide: text, mpp: 0.25, on: true, none: null }] }],
        empty: [],
        nothing: {},
      };
      expect(parse(toYaml(spec))).toEqual(spec);
      expect(parse(toYaml(spec), { version: "1.1" })).toEqual(spec);
    }
  });

  it("is easy to read", () => {
    const spec = { name: "biopsy 17", branches: [{ name: "left", jobs: [{ kind: "tissue_mask", slide: "slides/a.svs" }] }] };
    expect(toYaml(spec)).toBe(
      ["name: biopsy 17", "branches:", "  - name: left", "    jobs:", "      - kind: tissue_mask", "        slide: slides/a.svs", ""].join("\n"),
    );
  });
});
