/** The files of a result, to take home. */

import { fill, h } from "../dom";
import type { FileOut } from "../types";
import { bytes } from "../format";

interface Known {
  readonly name: string;
  readonly label: string;
  readonly about: string;
}

const KNOWN: readonly Known[] = [
  {
    name: "cells.geojson.gz",
    label: "Cells for QuPath",
    about: "GeoJSON detections: drag the file onto the slide in QuPath",
  },
  { name: "cells.parquet", label: "Cells as a table", about: "GeoParquet, for Python and R" },
  {
    name: "summary.json",
    label: "Summary",
    about: "JSON: counts, distributions, what is needed to reproduce",
  },
  { name: "tissue.geojson", label: "Tissue outline", about: "GeoJSON annotations for QuPath" },
  { name: "combined.jpg", label: "Slide with cells", about: "JPEG picture" },
  { name: "base.jpg", label: "Slide", about: "JPEG picture" },
  { name: "overlay.png", label: "Cells alone", about: "transparent PNG picture" },
  { name: "density.png", label: "Density map", about: "PNG picture" },
  { name: "area_histogram.png", label: "Histogram of areas", about: "PNG picture" },
  { name: "tissue.png", label: "Tissue mask", about: "PNG picture" },
  { name: "thumbnail.jpg", label: "Thumbnail", about: "JPEG picture" },
];

/** The files in an order that people want them in, each with words. */
export function listed(files: readonly FileOut[]): (FileOut & { label: string; about: string })[] {
  const place = ({ name }: FileOut) => {
    const at = KNOWN.findIndex((known) => known.name === name);
    return at < 0 ? KNOWN.length : at;
  };
  return [...files]
    .sort((one, other) => place(one) - place(other) || one.name.localeCompare(other.name))
    .map((file) => ({ label: file.name, about: file.media_type, ...KNOWN[place(file)], ...file }));
}

export class Downloads {
  private readonly body = h("div");
  readonly element = h(
    "section",
    { class: "look-section", "aria-labelledby": "look-files-title" },
    [h("h2", { id: "look-files-title" }, "Download"), this.body],
  );

  /** The files, or why there are none. */
  show(files: readonly FileOut[] | null, why: string): void {
    if (!files?.length) return fill(this.body, h("p", { class: "small muted" }, why));
    fill(this.body, h("ul", { class: "look-files" }, listed(files).map(line)));
  }
}

function line(file: FileOut & { label: string; about: string }): HTMLElement {
  return h("li", {}, [
    h("a", { href: file.href, download: file.name }, file.label),
    h("span", { class: "small muted" }, ` ${bytes(file.bytes)}`),
    h("span", { class: "small muted look-about" }, file.about),
  ]);
}
