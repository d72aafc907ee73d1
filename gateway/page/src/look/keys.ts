/** What keys do; with a modifier they are the browser's. */

export type Command =
  | "left"
  | "right"
  | "up"
  | "down"
  | "in"
  | "out"
  | "home"
  | "slide"
  | "cells"
  | "combined"
  | "tissue"
  | "select"
  | "clear"
  | "link"
  | "full"
  | "help";

interface Key {
  readonly command: Command;
  readonly keys: readonly string[];
  /** Only while the slide has the focus: elsewhere the key has another meaning. */
  readonly onStage: boolean;
}

const KEYS: readonly Key[] = [
  { command: "left", keys: ["ArrowLeft"], onStage: true },
  { command: "right", keys: ["ArrowRight"], onStage: true },
  { command: "up", keys: ["ArrowUp"], onStage: true },
  { command: "down", keys: ["ArrowDown"], onStage: true },
  { command: "select", keys: ["Enter"], onStage: true },
  { command: "home", keys: ["0", "Home"], onStage: true },
  { command: "in", keys: ["+", "="], onStage: false },
  { command: "out", keys: ["-", "_"], onStage: false },
  { command: "slide", keys: ["s"], onStage: false },
  { command: "cells", keys: ["c"], onStage: false },
  { command: "combined", keys: ["b"], onStage: false },
  { command: "tissue", keys: ["t"], onStage: false },
  { command: "link", keys: ["l"], onStage: false },
  { command: "full", keys: ["f"], onStage: false },
  { command: "help", keys: ["?"], onStage: false },
  { command: "clear", keys: ["Escape"], onStage: false },
];

/** For the help: keys, and what they do. */
export const TOLD: readonly (readonly [readonly string[], string])[] = [
  [["←", "→", "↑", "↓"], "Move the slide"],
  [["+", "−"], "Zoom in and out"],
  [["0"], "Whole slide"],
  [["S"], "Slide on or off"],
  [["C"], "Cells on or off"],
  [["B"], "Both combined, or the slide alone"],
  [["T"], "Tissue on or off"],
  [["Enter"], "Select the cell nearest to the middle"],
  [["Esc"], "Select nothing"],
  [["L"], "Copy a link to this view"],
  [["F"], "Full screen"],
  [["?"], "This help"],
];

export interface Pressed {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

/** What a key means; null: nothing here.
 *
 * @param letters whether keys of one letter count: some speak to their computers, and "t" is a word
 */
export function commandOf(pressed: Pressed, onStage: boolean, letters: boolean): Command | null {
  if (pressed.ctrlKey || pressed.metaKey || pressed.altKey) return null;
  const key = pressed.key.length === 1 ? pressed.key.toLowerCase() : pressed.key;
  const found = KEYS.find((each) => each.keys.includes(key));
  if (!found || (found.onStage && !onStage)) return null;
  return letters || onStage || key.length > 1 ? found.command : null;
}
