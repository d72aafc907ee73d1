/** Small signs for buttons, as lines in the colour of the text. */

import { svg } from "../dom";

const PATHS = {
  in: "M12 5v14M5 12h14",
  out: "M5 12h14",
  home: "M4 12l8-8 8 8M6 10.5V20h12v-9.5",
  full: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  link: "M10 14a4 4 0 0 0 5.7 0l3.6-3.6a4 4 0 0 0-5.7-5.7L12 6.300M14 10a4 4 0 0 0-5.700 0l-3.600 3.600a4 4 0 0 0 5.700 5.700L12 17.700",
  help: "M8.500 9a3.500 3.500 0 1 1 5.200 3.100c-1 .6-1.700 1.200-1.700 2.400M12 18.500v.100",
} as const;

export type IconName = keyof typeof PATHS;

export function icon(name: IconName): SVGElement {
  const shown = {
    viewBox: "0 0 24 24",
    class: "look-icon",
    "aria-hidden": "true",
    focusable: "false",
  };
  return svg("svg", shown, [svg("path", { d: PATHS[name] })]);
}
