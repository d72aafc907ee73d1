/** The slide and its cells in deep zoom: two tiled pictures, one over the other.
 *
 * OpenSeadragon comes only when somebody looks: it is larger than the rest of the page.
 */

import type OpenSeadragon from "openseadragon";
import { type Box, type Point, type Size, type View, boundsOf, viewOfBox } from "./geometry";
import { type Pyramid, firstLevel, lastLevel } from "./pyramid";

type Osd = typeof OpenSeadragon;
export type PictureName = "slide" | "cells";

/** A tiled picture: its levels, and where its tiles are. */
export interface Picture {
  readonly pyramid: Pyramid;
  readonly tileUrl: (level: number, x: number, y: number) => string;
}

export interface StageEvents {
  /** The view has changed; called before the frame is shown. */
  readonly onView: () => void;
  /** Somebody has clicked or tapped, CSS pixels from the stage's top left. */
  readonly onClick: (at: Point) => void;
  /** A tile could not be had, after several tries. */
  readonly onTileFailure: () => void;
}

/** So large is a level-0 pixel at most, CSS pixels. */
const LARGEST_PX = 16;
const KEPT_TILES = 500;
const BY_SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;

/** Make a stage in an element. */
export async function openStage(
  element: HTMLElement,
  slide: Size,
  label: string,
  events: StageEvents,
): Promise<Stage> {
  const { default: osd } = await import("openseadragon");
  keepOutStyle();
  const viewer = new osd.Viewer(optionsFor(element));
  viewer.canvas.setAttribute("role", "application");
  viewer.canvas.setAttribute("aria-label", label);
  return new Stage(osd, viewer, slide, events);
}

/** The viewer would add a style sheet for phones, unless there is one; our page allows none. */
function keepOutStyle(): void {
  const name = "data-openseadragon-mobile-css";
  if (document.querySelector(`style[${name}]`)) return;
  const inert = document.createElementNS("urn:slideloom", "style");
  inert.setAttribute(name, "");
  document.head.append(inert);
}

/** Without a graphics processor, drawing by WebGL blocks the page for hundreds of milliseconds. */
function drawers(): OpenSeadragon.DrawerType[] {
  const probe = document.createElement("canvas");
  const context = probe.getContext("webgl");
  const about = context?.getExtension("WEBGL_debug_renderer_info");
  const name = about && String(context?.getParameter(about.UNMASKED_RENDERER_WEBGL));
  context?.getExtension("WEBGL_lose_context")?.loseContext();
  return name && !BY_SOFTWARE.test(name) ? ["auto", "canvas"] : ["canvas"];
}

function optionsFor(element: HTMLElement): OpenSeadragon.Options {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const gestures = { clickToZoom: false, dblClickToZoom: true };
  return {
    element,
    prefixUrl: "",
    showNavigationControl: false,
    showSequenceControl: false,
    keyboardNavEnabled: false,
    gestureSettingsMouse: gestures,
    gestureSettingsPen: gestures,
    animationTime: still ? 0 : 0.4,
    springStiffness: 8,
    zoomPerScroll: 1.3,
    visibilityRatio: 0.2,
    minZoomImageRatio: 0.6,
    maxZoomPixelRatio: LARGEST_PX,
    maxImageCacheCount: KEPT_TILES,
    imageLoaderLimit: 8,
    tileRetryMax: 3,
    tileRetryDelay: 1500,
    crossOriginPolicy: false,
    // Where outlines are transparent they have a colour all the same, which must not shine through.
    drawerOptions: { webgl: { unpackWithPremultipliedAlpha: true } },
    drawer: drawers(),
    silenceMultiImageWarnings: true,
  } as OpenSeadragon.Options;
}

export class Stage {
  private readonly items = new Map<PictureName, OpenSeadragon.TiledImage>();
  private readonly opacities = new Map<PictureName, number>();
  private coming: OpenSeadragon.TiledImage | null = null;
  private next: Picture | null = null;
  private ended = false;

  constructor(
    private readonly osd: Osd,
    private readonly viewer: OpenSeadragon.Viewer,
    private readonly slide: Size,
    events: StageEvents,
  ) {
    viewer.addHandler("update-viewport", () => events.onView());
    viewer.addHandler("tile-load-failed", (event) => {
      if (event.maxReached !== false) events.onTileFailure();
    });
    viewer.addHandler("canvas-click", (event) => {
      if (event.quick) events.onClick({ x: event.position.x, y: event.position.y });
    });
  }

  /** Size of the stage, CSS pixels. */
  get screen(): Size {
    const { x, y } = this.viewer.viewport.getContainerSize();
    return { width: x, height: y };
  }

  /** What is seen just now; null: nothing yet. */
  get view(): View | null {
    const { viewport } = this.viewer;
    if (!this.viewer.world.getItemCount()) return null;
    const [centre, screen] = [viewport.getCenter(true), this.screen];
    const zoom = (viewport.getZoom(true) * screen.width) / this.slide.width;
    return { x: centre.x * this.slide.width, y: centre.y * this.slide.width, zoom };
  }

  /** Whether the view is still on its way somewhere. */
  get moving(): boolean {
    const { viewport } = this.viewer;
    const [zoom, target] = [viewport.getZoom(true), viewport.getZoom(false)];
    const [here, there] = [viewport.getCenter(true), viewport.getCenter(false)];
    const awayPx = Math.hypot(here.x - there.x, here.y - there.y) * zoom * this.screen.width;
    return Math.abs(zoom / target - 1) > 1e-3 || awayPx > 0.5;
  }

  /** Show a picture, or another one in its place. */
  async put(name: PictureName, picture: Picture): Promise<void> {
    const item = await this.add(name, picture, this.opacityOf(name), false);
    this.replace(name, item);
  }

  /** Show other cells: they take the place of the old ones once they are there, without a flicker. */
  async renewCells(picture: Picture): Promise<void> {
    if (this.coming || !this.items.has("cells")) {
      this.next = picture;
      if (!this.items.has("cells")) await this.put("cells", picture);
      return;
    }
    if (!this.opacityOf("cells")) return this.put("cells", picture);
    const item = await this.add("cells", picture, 0, true);
    if (this.ended) return;
    this.coming = item;
    item.whenFullyLoaded(() => this.arrive(item));
  }

  private arrive(item: OpenSeadragon.TiledImage): void {
    if (this.ended) return;
    this.coming = null;
    item.setOpacity(this.opacityOf("cells"));
    item.setPreload(false);
    this.replace("cells", item);
    const [next] = [this.next];
    this.next = null;
    if (next) void this.renewCells(next);
  }

  setOpacity(name: PictureName, opacity: number): void {
    this.opacities.set(name, opacity);
    this.items.get(name)?.setOpacity(opacity);
  }

  /** Try again all tiles that could not be had. */
  retry(): void {
    for (const item of [...this.items.values(), this.coming]) item?.reset();
  }

  go(view: View, immediately = false): void {
    const { viewport } = this.viewer;
    const unit = this.slide.width;
    viewport.zoomTo((view.zoom * unit) / this.screen.width, undefined, immediately);
    viewport.panTo(new this.osd.Point(view.x / unit, view.y / unit), immediately);
    viewport.applyConstraints(immediately);
  }

  showBox(box: Box): void {
    this.go(viewOfBox(box, this.screen));
  }

  /** The whole slide. */
  home(immediately = false): void {
    const whole = { x0: 0, y0: 0, x1: this.slide.width, y1: this.slide.height };
    const { x, y, width, height } = boundsOf(whole, this.slide);
    this.viewer.viewport.fitBounds(new this.osd.Rect(x, y, width, height), immediately);
  }

  zoomBy(factor: number): void {
    this.viewer.viewport.zoomBy(factor).applyConstraints();
  }

  /** Move by shares of what is seen. */
  panBy(right: number, down: number): void {
    const { viewport } = this.viewer;
    const { width, height } = viewport.getBounds(false);
    viewport.panBy(new this.osd.Point(right * width, down * height)).applyConstraints();
  }

  focus(): void {
    this.viewer.canvas.focus({ preventScroll: true });
  }

  /** Draw again, though nothing has moved. */
  redraw(): void {
    this.viewer.forceRedraw();
  }

  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.viewer.destroy();
  }

  private opacityOf(name: PictureName): number {
    return this.opacities.get(name) ?? 1;
  }

  private replace(name: PictureName, item: OpenSeadragon.TiledImage): void {
    if (this.ended) return;
    const old = this.items.get(name);
    this.items.set(name, item);
    if (old) this.viewer.world.removeItem(old);
    const cells = this.items.get("cells");
    const top = this.viewer.world.getItemCount() - 1;
    if (cells && top > 0) this.viewer.world.setItemIndex(cells, top);
  }

  private add(
    name: PictureName,
    { pyramid, tileUrl }: Picture,
    opacity: number,
    preload: boolean,
  ): Promise<OpenSeadragon.TiledImage> {
    const tileSource = {
      width: pyramid.width,
      height: pyramid.height,
      tileSize: pyramid.tileSize,
      tileOverlap: pyramid.overlap,
      minLevel: firstLevel(pyramid),
      maxLevel: lastLevel(pyramid),
      getTileUrl: tileUrl,
    };
    return new Promise((resolve, reject) => {
      const success = (event: unknown) =>
        resolve((event as { item: OpenSeadragon.TiledImage }).item);
      const error = () => reject(new Error(`the ${name} cannot be shown`));
      this.viewer.addTiledImage({
        tileSource,
        x: 0,
        y: 0,
        width: 1,
        opacity,
        preload,
        success,
        error,
      });
    });
  }
}
