/** The files of a result, to take home. */

import { button, fill, freshId, h } from "../../dom";
import { bytes } from "../../format";
import type { FileOut } from "../../types";
import { loading, notice, said } from "../../ui";
import type { Context } from "../view";

const ABOUT: [RegExp, string][] = [
  [/\.geojson(\.gz)?$/, "outlines; opens in QuPath by drag and drop"],
  [/\.parquet$/, "every cell with its measures, for Python and R"],
  [/(manifest|summary|report).*\.json$/, "how it was made, counts and quality"],
  [/\.json$/, "for programs"],
  [/\.(png|jpe?g)$/, "picture"],
];

/** What a file is for. Pure. */
export function aboutFile(name: string): string {
  return ABOUT.find(([form]) => form.test(name))?.[1] ?? "";
}

/** A dialog with links to all files of a job. */
export function showFiles(context: Context, job: string, title: string): void {
  const name = freshId("files");
  const list = h("div", {}, loading("the list of files"));
  const close = (): void => {
    dialog.close();
    dialog.remove();
  };
  const dialog = h("dialog", { class: "dialog", "aria-labelledby": name }, [
    h("h2", { id: name }, title),
    list,
    h("div", { class: "row end" }, button("Close", close)),
  ]);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  context.api
    .result(job)
    .then((result) => fill(list, h("ul", { class: "files" }, result.files.map(fileLine))))
    .catch((error: unknown) => fill(list, notice("bad", said(error))));
}

function fileLine(file: FileOut): HTMLElement {
  return h("li", {}, [
    h("a", { href: file.href, download: file.name }, file.name),
    h("span", { class: "small muted" }, ` ${bytes(file.bytes)}`),
    h("span", { class: "small muted" }, aboutFile(file.name)),
  ]);
}
