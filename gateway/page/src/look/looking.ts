/** Puts it all together: the slide, its cells as they come, and what is said of them. */

import type { Api } from "../api";
import { fill } from "../dom";
import { hasEnded } from "../views/watch/live";
import { Commands } from "./commands";
import { Connection } from "./connection";
import { Focus } from "./focus";
import { type Progress, follow, progressOf } from "./follow";
import {
  type Result,
  type Scene,
  cellsIn,
  cellsPicture,
  findCells,
  findResult,
  got,
  had,
  mppOf,
} from "./found";
import type { Size } from "./geometry";
import { type Layers, opacityOf } from "./layers";
import { type Linked, decode, encode } from "./link";
import { pathOf } from "./marks";
import { Nearby } from "./nearby";
import { Panel } from "./panel";
import type { Pyramid } from "./pyramid";
import { Viewport } from "./viewport";
import { baseWords, cellsWords, filesWords, stateKind, stateWords, tissueWords } from "./words";

const SETTLED_MS = 160;
const TILE_RETRY_MS = 4000;
const MOST_TILE_RETRIES = 3;

export class Looking {
  private readonly panel: Panel;
  private readonly viewport: Viewport;
  private readonly nearby: Nearby;
  private readonly focus: Focus;
  private readonly connection: Connection;
  private readonly commands: Commands;
  private readonly ending: (() => void)[] = [];
  private readonly linked: Linked;
  private layers: Layers;
  private progress: Progress;
  private cells: Pyramid | null;
  private settleTimer = 0;
  private tileTimer = 0;
  private tileRetries = 0;
  private unfollow: () => void = () => undefined;

  constructor(
    private readonly root: HTMLElement,
    private readonly api: Api,
    private readonly scene: Scene,
    private readonly slide: Size,
    private result: Result | null,
    private readonly signal: AbortSignal,
  ) {
    const { job } = scene;
    this.linked = decode(location.hash.slice(1));
    this.layers = this.linked.layers;
    this.cells = got(scene.cells);
    this.progress = progressOf(job);
    const title = got(scene.slide)?.label || job.slide;
    const mpp = mppOf(scene, result);
    this.panel = new Panel(job, title, (layers) => this.setLayers(layers));
    this.commands = new Commands(root, () => this.touched());
    this.viewport = this.makeViewport(title, mpp);
    this.nearby = this.makeNearby(mpp);
    const { viewport, nearby, panel, linked } = this;
    this.focus = new Focus(viewport, nearby, panel, linked.cell, () => this.writeLink());
    this.connection = new Connection(
      () => api.job(job.id),
      (there) => this.showConnection(there),
    );
  }

  private makeViewport(title: string, mpp: number | null): Viewport {
    const about = got(this.scene.slide);
    return new Viewport({
      slide: this.slide,
      label: title,
      mpp,
      thumbnail: about && this.api.thumbnail(about.id),
      onCommand: (command) => this.commands.do(command),
      onView: () => this.moved(),
      onPoint: (at) => this.focus.point(opacityOf(this.layers, "cells") ? at : null),
      onClick: (at) => this.focus.click(at),
      onTileFailure: () => void this.missTile(),
    });
  }

  private makeNearby(mpp: number | null): Nearby {
    const { api, scene, slide } = this;
    return new Nearby((box, signal) => cellsIn(api, scene.job.id, box, signal), slide, mpp, {
      onCells: () => this.focus.renew(),
      onRefused: (refused) => this.viewport.notices.say("nearby", refused && cellsWords(refused)),
      onLost: () => void this.connection.suspect(),
    });
  }

  private touched() {
    return {
      viewport: this.viewport,
      layers: () => this.layers,
      setLayers: (layers: Layers) => this.setLayers(layers),
      selectMiddle: () => this.focus.selectMiddle(),
      selectNothing: () => this.focus.select(null),
      address: () => {
        this.writeLink();
        return location.href;
      },
    };
  }

  /** Show it all, and follow the job until it has ended. */
  async begin(): Promise<void> {
    fill(this.root, [this.viewport.element, this.panel.element, this.commands.help]);
    await this.viewport.open();
    if (this.signal.aborted) return this.viewport.end();
    this.setLayers(this.layers);
    await this.putPictures();
    this.ending.push(this.commands.listen());
    this.showMissing();
    this.showResult();
    this.showProgress();
    if (this.progress.state !== "SUCCEEDED") this.followJob();
  }

  private async putPictures(): Promise<void> {
    const { stage } = this.viewport;
    const { base, job } = this.scene;
    if ("got" in base) await stage.put("slide", base.got);
    if (this.cells) await stage.put("cells", cellsPicture(this.cells, job.id, this.version));
    if (this.linked.view) stage.go(this.linked.view, true);
    else stage.home(true);
    this.moved();
  }

  end(): void {
    clearTimeout(this.settleTimer);
    clearTimeout(this.tileTimer);
    for (const end of this.ending) end();
    this.nearby.end();
    this.connection.end();
    this.viewport.end();
  }

  // What is there

  private get version(): string {
    const table = this.result?.files.find((file) => file.name === "cells.parquet");
    const { tiles, state } = this.progress;
    return table ? table.sha256.slice(0, 16) : `${state.toLowerCase()}-${tiles?.done ?? 0}`;
  }

  private showMissing(): void {
    const { base, cells } = this.scene;
    const { notices } = this.viewport;
    notices.say("base", "refused" in base ? baseWords(base.refused) : null);
    const missing = !this.cells && "refused" in cells ? cells.refused : null;
    notices.say("cells", missing && cellsWords(missing));
    this.panel.layers.allow("slide", "refused" in base ? "This slide has no picture here." : null);
    const none = missing?.code === "no_cells" ? "This job finds no cells." : "None yet.";
    this.panel.layers.allow("cells", this.cells ? null : none);
    this.panel.layers.allow("combined", this.cells && "got" in base ? null : "Needs both.");
  }

  private showResult(): void {
    const { result } = this;
    this.viewport.know(mppOf(this.scene, result));
    const why = filesWords(this.progress.state);
    this.panel.downloads.show(result?.files ?? null, why);
    this.panel.summary.showSummary(result?.summary ?? null, why);
    const tissue = result?.tissue?.length ? pathOf(result.tissue) : null;
    this.panel.layers.allow("tissue", tissue ? null : tissueWords(result !== null, this.progress));
    this.viewport.mark({ tissue });
  }

  // A job at work

  private followJob(): void {
    this.unfollow = follow(this.api, this.scene.job.id, this.progress, {
      onProgress: (progress) => {
        this.progress = progress;
        this.showProgress();
      },
      onRenew: () => void this.renew(),
      onLost: () => void this.connection.suspect(),
      onGone: () => this.viewport.notices.say("gone", "This job has been deleted."),
    });
    this.ending.push(() => this.unfollow());
  }

  private showProgress(): void {
    this.viewport.status.show(stateWords(this.progress), stateKind(this.progress.state));
  }

  /** Bring what has come since. */
  private async renew(): Promise<void> {
    const { api, signal, scene, progress } = this;
    const ended = hasEnded(progress.state);
    const [cells, result] = await Promise.all([
      had(this.cells ? Promise.resolve(this.cells) : findCells(api, scene.job.id, signal)),
      had(ended ? findResult(api, scene.job.id, signal) : Promise.resolve(null)),
    ]);
    if (signal.aborted) return;
    if ("refused" in result) void this.connection.suspect();
    this.cells = got(cells);
    this.result = got(result);
    if (this.cells) {
      await this.viewport.stage.renewCells(cellsPicture(this.cells, scene.job.id, this.version));
    }
    this.nearby.renew();
    this.showMissing();
    if (ended) this.showResult();
    if (progress.state === "SUCCEEDED") this.finish();
    this.moved();
  }

  private finish(): void {
    this.unfollow();
    this.viewport.say("The job has ended: these are all its cells.");
  }

  // Where one looks

  private moved(): void {
    this.focus.point(null);
    clearTimeout(this.settleTimer);
    this.settleTimer = window.setTimeout(() => this.settle(), SETTLED_MS);
  }

  private settle(): void {
    const { view, screen, moving } = this.viewport.stage;
    if (!view) return;
    if (moving) return this.moved();
    if (this.cells) this.nearby.look(view, screen);
    this.writeLink();
    this.focus.renew();
    this.focus.point(this.viewport.pointed);
  }

  private writeLink(): void {
    const { view } = this.viewport.stage;
    if (!view) return;
    const text = encode(view, this.layers, this.focus.id);
    history.replaceState(history.state, "", `#${text}`);
  }

  private setLayers(layers: Layers): void {
    this.layers = layers;
    const { stage } = this.viewport;
    stage.setOpacity("slide", opacityOf(layers, "slide"));
    stage.setOpacity("cells", opacityOf(layers, "cells"));
    this.viewport.mark({ tissueOpacity: opacityOf(layers, "tissue") });
    this.panel.layers.show(layers);
    this.moved();
  }

  // Failures

  private showConnection(there: boolean): void {
    const lost = "The connection is lost. Trying again: what is shown stays.";
    this.viewport.notices.say("connection", there ? null : lost);
    if (!there) return;
    this.viewport.say("The connection is there again.");
    this.viewport.stage.retry();
    this.moved();
  }

  private async missTile(): Promise<void> {
    await this.connection.suspect();
    if (this.tileTimer || this.signal.aborted) return;
    if (this.tileRetries === MOST_TILE_RETRIES) {
      const words = "Parts of the picture cannot be had. Load the page again later.";
      return this.viewport.notices.say("tiles", words);
    }
    this.tileTimer = window.setTimeout(() => {
      this.tileTimer = 0;
      this.tileRetries += 1;
      this.viewport.stage.retry();
    }, TILE_RETRY_MS);
  }
}
