/** What keys and buttons do. */

import { help } from "./frame";
import { type Command, commandOf } from "./keys";
import { type Layer, type Layers, combinedToggled, isCombined, toggled } from "./layers";
import type { Viewport } from "./viewport";

const ZOOM_STEP = 1.6;
const PAN_STEP = 0.15;
const LETTERS_KEPT = "slideloom-look-letters";
const NAMES: Readonly<Record<Layer, string>> = { slide: "Slide", cells: "Cells", tissue: "Tissue" };

export interface Touched {
  readonly viewport: Viewport;
  readonly layers: () => Layers;
  readonly setLayers: (layers: Layers) => void;
  readonly selectMiddle: () => void;
  readonly selectNothing: () => void;
  /** The address of this very view. */
  readonly address: () => string;
}

export class Commands {
  readonly help: HTMLDialogElement;

  constructor(
    private readonly root: HTMLElement,
    private readonly touched: () => Touched,
  ) {
    this.help = help(this.letters, (on) => localStorage.setItem(LETTERS_KEPT, on ? "on" : "off"));
  }

  /** Listen to keys; gives what ends it. */
  listen(): () => void {
    const press = (event: KeyboardEvent) => this.press(event);
    this.root.addEventListener("keydown", press);
    return () => this.root.removeEventListener("keydown", press);
  }

  do(command: Command): void {
    const { viewport, setLayers, layers, selectMiddle, selectNothing } = this.touched();
    const { stage } = viewport;
    const acts: Record<Command, () => void> = {
      left: () => stage.panBy(-PAN_STEP, 0),
      right: () => stage.panBy(PAN_STEP, 0),
      up: () => stage.panBy(0, -PAN_STEP),
      down: () => stage.panBy(0, PAN_STEP),
      in: () => stage.zoomBy(ZOOM_STEP),
      out: () => stage.zoomBy(1 / ZOOM_STEP),
      home: () => stage.home(),
      slide: () => this.toggle("slide"),
      cells: () => this.toggle("cells"),
      combined: () => {
        setLayers(combinedToggled(layers()));
        viewport.say(isCombined(layers()) ? "Slide and cells combined" : "Slide alone");
      },
      tissue: () => this.toggle("tissue"),
      select: selectMiddle,
      clear: selectNothing,
      link: () => void this.copyLink(),
      help: () => this.help.showModal(),
      full: () => this.toggleFull(),
    };
    acts[command]();
  }

  private get letters(): boolean {
    return localStorage.getItem(LETTERS_KEPT) !== "off";
  }

  private press(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    const typing = target.closest("select, dialog, input:not([type=checkbox])");
    const onStage = target.closest(".look-stage") !== null;
    const command = typing ? null : commandOf(event, onStage, this.letters);
    if (!command) return;
    event.preventDefault();
    this.do(command);
  }

  private toggle(layer: Layer): void {
    const { viewport, layers, setLayers } = this.touched();
    const next = toggled(layers(), layer);
    setLayers(next);
    viewport.say(`${NAMES[layer]} ${next[layer].on ? "on" : "off"}`);
  }

  private async copyLink(): Promise<void> {
    const { viewport, address } = this.touched();
    try {
      await navigator.clipboard.writeText(address());
      viewport.say("A link to this view is copied.");
    } catch {
      viewport.say("The address bar holds a link to this view: copy it there.");
    }
  }

  private toggleFull(): void {
    const shown = document.fullscreenElement !== null;
    const done = shown ? document.exitFullscreen() : this.root.requestFullscreen();
    done.catch(() => this.touched().viewport.say("This browser does not allow full screen here."));
  }
}
