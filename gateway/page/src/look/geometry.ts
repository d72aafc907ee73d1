/** Where things are: level-0 pixels of the slide, CSS pixels of the screen, the viewer's own units.
 *
 * In the viewer's units the slide is 1 wide. Everything that leaves this folder is in level-0 pixels.
 */

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Edges in level-0 pixels; x0 <= x1, y0 <= y1. */
export interface Box {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

/** A rectangle in the viewer's units. */
export interface Bounds extends Point, Size {}

/** What is looked at: the centre in level-0 pixels, and CSS pixels per level-0 pixel. */
export interface View extends Point {
  readonly zoom: number;
}

export function boxOf(bounds: Bounds, slide: Size): Box {
  const unit = slide.width;
  return {
    x0: bounds.x * unit,
    y0: bounds.y * unit,
    x1: (bounds.x + bounds.width) * unit,
    y1: (bounds.y + bounds.height) * unit,
  };
}

export function boundsOf(box: Box, slide: Size): Bounds {
  const unit = slide.width;
  return {
    x: box.x0 / unit,
    y: box.y0 / unit,
    width: (box.x1 - box.x0) / unit,
    height: (box.y1 - box.y0) / unit,
  };
}

/** The part of a box that lies on the slide; null: none does. */
export function onSlide(box: Box, slide: Size): Box | null {
  const x0 = Math.max(0, box.x0);
  const y0 = Math.max(0, box.y0);
  const x1 = Math.min(slide.width, box.x1);
  const y1 = Math.min(slide.height, box.y1);
  return x0 < x1 && y0 < y1 ? { x0, y0, x1, y1 } : null;
}

export function contains(box: Box, point: Point): boolean {
  return point.x >= box.x0 && point.x <= box.x1 && point.y >= box.y0 && point.y <= box.y1;
}

/** What a screen of this size shows of the slide. */
export function boxOfView(view: View, screen: Size): Box {
  const halfX = screen.width / view.zoom / 2;
  const halfY = screen.height / view.zoom / 2;
  return { x0: view.x - halfX, y0: view.y - halfY, x1: view.x + halfX, y1: view.y + halfY };
}

/** The view that shows a box on a screen; the box need not have the screen's shape. */
export function viewOfBox(box: Box, screen: Size): View {
  const zoom = Math.min(screen.width / (box.x1 - box.x0), screen.height / (box.y1 - box.y0));
  return { x: (box.x0 + box.x1) / 2, y: (box.y0 + box.y1) / 2, zoom };
}

/** Where a point of the screen, from its top left, is on the slide. */
export function toSlide(point: Point, view: View, screen: Size): Point {
  return {
    x: view.x + (point.x - screen.width / 2) / view.zoom,
    y: view.y + (point.y - screen.height / 2) / view.zoom,
  };
}

/** Where a point of the slide is on the screen, from its top left. */
export function toScreen(point: Point, view: View, screen: Size): Point {
  return {
    x: (point.x - view.x) * view.zoom + screen.width / 2,
    y: (point.y - view.y) * view.zoom + screen.height / 2,
  };
}
