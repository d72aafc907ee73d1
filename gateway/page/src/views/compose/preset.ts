/** The preset: every nucleus of one slide. */

import { button, h } from "../../dom";
import type { SlideOut } from "../../types";
import type { Offer } from "./form";

export function preset(offer: Offer, take: (slide: SlideOut) => void): HTMLElement {
  const options = offer.slides.map((slide) => h("option", { value: slide.id }, slide.label));
  const choice = h("select", { id: "preset-slide", disabled: options.length === 0 }, options);
  const go = button("Segment cells", () => {
    const slide = offer.slides.find((each) => each.id === choice.value);
    if (slide) take(slide);
  }, { disabled: options.length === 0 });
  return h("div", { class: "field" }, [
    h("label", { for: "preset-slide" }, "Preset: segment the cells of"),
    h("div", { class: "row" }, [choice, go]),
  ]);
}
