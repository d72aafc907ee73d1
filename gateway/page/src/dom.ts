/** Small helpers that make elements; text is always text, never markup. */

export type Child = Node | string | number | null | undefined | false;
type Handlers = { [K in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[K]) => void };
export type Attributes = Record<string, string | number | boolean | null | undefined>;

/** An element with attributes (false, null and undefined: none), handlers and children. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  children: Child[] | Child = [],
  on: Handlers = {},
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  setAttributes(element, attributes);
  for (const [name, handler] of Object.entries(on)) {
    element.addEventListener(name, handler as EventListener);
  }
  element.append(...nodesOf(children));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** An element of SVG. */
export function svg(tag: string, attributes: Attributes = {}, children: Node[] = []): SVGElement {
  const element = document.createElementNS(SVG, tag);
  setAttributes(element, attributes);
  element.append(...children);
  return element;
}

function setAttributes(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
}

function nodesOf(children: Child[] | Child): (Node | string)[] {
  const list = Array.isArray(children) ? children : [children];
  return list
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : String(child)));
}

/** Replace what an element holds. */
export function fill(element: Element, children: Child[] | Child): void {
  element.replaceChildren(...nodesOf(children));
}

/** A button that does something. */
export function button(
  label: Child[] | Child,
  act: () => void,
  attributes: Attributes = {},
): HTMLButtonElement {
  return h("button", { type: "button", class: "button", ...attributes }, label, { click: act });
}

/** A link within the page; the router takes it. */
export function link(to: string, label: Child[] | Child, attributes: Attributes = {}): HTMLAnchorElement {
  return h("a", { href: to, ...attributes }, label);
}

let made = 0;

/** An id that no other element has. */
export function freshId(prefix: string): string {
  made += 1;
  return `${prefix}-${made}`;
}
