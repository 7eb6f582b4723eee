/**
 * Building blocks of the page: elements from checked values (never from markup), icons out of the page's
 * sprite, translation of static text, popovers beside a button, toasts. Owns no feature.
 */

/** @typedef {import("../core/i18n.js").Translate} Translate */
/** @typedef {Node|string|number|null|undefined|false} Child */
/** @typedef {Record<string, string|number|boolean|null|undefined|((event: any) => void)>} Attributes */

const SVG = "http://www.w3.org/2000/svg";

/**
 * `onclick`-like keys take functions; `true` sets an empty attribute; null, undefined and false leave it out.
 *
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Attributes} [attributes]
 * @param {Child[]} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  fill(node, attributes, children);
  return node;
}

/**
 * @param {string} tag
 * @param {Attributes} [attributes]
 * @param {Child[]} children
 * @returns {SVGElement}
 */
export function svgElement(tag, attributes = {}, ...children) {
  const node = /** @type {SVGElement} */ (document.createElementNS(SVG, tag));
  fill(node, attributes, children);
  return node;
}

/** @param {Element} node @param {Attributes} attributes @param {Child[]} children */
function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name.replace(/^on/, ""), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, String(value));
  }
  for (const child of children) {
    if (child || child === 0) node.append(typeof child === "number" ? String(child) : child);
  }
}

/** @param {string} name of a symbol in the page's sprite */
export function icon(name) {
  return svgElement(
    "svg",
    { class: "icon", "aria-hidden": "true" },
    svgElement("use", { href: `#i-${name}` }),
  );
}

/**
 * An element of the page that has to be there.
 *
 * @template {Element} [E=HTMLElement]
 * @param {string} id
 * @returns {E}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return /** @type {E} */ (/** @type {unknown} */ (found));
}

/** @param {string} label @param {() => void} onClick @param {string} [kind] classes beside "button" */
export function button(label, onClick, kind = "") {
  return element("button", { type: "button", class: `button ${kind}`.trim(), onclick: onClick }, label);
}

/**
 * A labelled field.
 *
 * @param {string} label
 * @param {HTMLElement} input
 */
export function field(label, input) {
  return element("label", { class: "field" }, element("span", {}, label), input);
}

/**
 * A row of choices of which one holds.
 *
 * @param {string} legend
 * @param {string} name
 * @param {{value: string, label: string, mark?: Node}[]} choices
 * @param {string} chosen
 * @param {(value: string) => void} onChoose
 */
export function choiceRow(legend, name, choices, chosen, onChoose) {
  const row = element("fieldset", { class: "chips" }, element("legend", { class: "unseen" }, legend));
  for (const choice of choices) {
    const input = element("input", {
      type: "radio",
      name,
      value: choice.value,
      checked: choice.value === chosen,
      onchange: () => onChoose(choice.value),
    });
    row.append(element("label", { class: "chip" }, input, element("span", {}, choice.mark, choice.label)));
  }
  return row;
}

/**
 * Puts the catalogue's words into the static page: `data-t` is the text, `data-t-label` the name and tooltip,
 * `data-t-group` the name alone.
 *
 * @param {ParentNode} root
 * @param {Translate} t
 */
export function translatePage(root, t) {
  for (const node of root.querySelectorAll("[data-t]"))
    node.textContent = t(node.getAttribute("data-t") ?? "");
  for (const node of root.querySelectorAll("[data-t-label]")) {
    const label = t(node.getAttribute("data-t-label") ?? "");
    node.setAttribute("aria-label", label);
    if (node.tagName === "BUTTON") node.setAttribute("title", label);
  }
  for (const node of root.querySelectorAll("[data-t-group]")) {
    node.setAttribute("aria-label", t(node.getAttribute("data-t-group") ?? ""));
  }
}

/** @param {Date} date @param {string} language @returns {string} short and human */
export function dayText(date, language) {
  const sameDay = date.toDateString() === new Date().toDateString();
  /** @type {Intl.DateTimeFormatOptions} */
  const form = sameDay ? { hour: "2-digit", minute: "2-digit" } : { day: "numeric", month: "short" };
  return new Intl.DateTimeFormat(language, form).format(date);
}

/** One popover is open at a time; it closes on Escape, on a press outside, or when its button is pressed. */
export class Popovers {
  /** @type {{panel: HTMLElement, anchor: HTMLElement, onClose?: () => void}|null} */ #open = null;

  constructor() {
    document.addEventListener("pointerdown", (event) => this.#pressed(event), true);
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.#open) return;
      const anchor = this.#open.anchor;
      this.close();
      anchor.focus();
      event.stopPropagation();
    });
    window.addEventListener("resize", () => this.#place());
  }

  /** @param {HTMLElement} anchor */
  isOpenAt(anchor) {
    return this.#open?.anchor === anchor;
  }

  /**
   * @param {HTMLElement} anchor
   * @param {string} label
   * @param {HTMLElement} panel
   * @param {() => void} [onClose]
   */
  show(anchor, label, panel, onClose) {
    this.close();
    panel.classList.add("popover");
    panel.setAttribute("role", "dialog");
    panel.setAttribute("aria-label", label);
    panel.tabIndex = -1;
    anchor.setAttribute("aria-expanded", "true");
    this.#open = { panel, anchor, ...(onClose ? { onClose } : {}) };
    document.body.append(panel);
    this.#place();
    panel.focus({ preventScroll: true });
  }

  close() {
    const open = this.#open;
    if (!open) return;
    this.#open = null;
    open.panel.remove();
    open.anchor.setAttribute("aria-expanded", "false");
    open.onClose?.();
  }

  /** Beside the button, on the side with room, inside the window. */
  #place() {
    if (!this.#open) return;
    const { panel, anchor } = this.#open;
    const from = anchor.getBoundingClientRect();
    const size = { width: panel.offsetWidth, height: panel.offsetHeight };
    const gap = 12;
    const inRail = anchor.closest(".tools") !== null;
    let left = from.right - size.width;
    let top = from.bottom + gap;
    if (inRail) {
      left = from.left - gap - size.width > 0 ? from.left - gap - size.width : from.right + gap;
      top = from.top + from.height / 2 - size.height / 2;
    } else if (from.left + size.width < window.innerWidth - gap && from.left < window.innerWidth / 2)
      left = from.left;
    if (!inRail && top + size.height > window.innerHeight) top = from.top - gap - size.height;
    panel.style.setProperty("--left", `${clamp(left, 8, window.innerWidth - size.width - 8)}px`);
    panel.style.setProperty("--top", `${clamp(top, 8, window.innerHeight - size.height - 8)}px`);
  }

  /** The content has changed its size. */
  refit() {
    this.#place();
  }

  /** @param {PointerEvent} event */
  #pressed(event) {
    if (!this.#open || !(event.target instanceof Node)) return;
    const inside = this.#open.panel.contains(event.target) || this.#open.anchor.contains(event.target);
    if (!inside) this.close();
  }
}

/** @param {number} value @param {number} low @param {number} high */
function clamp(value, low, high) {
  return Math.max(low, Math.min(value, high));
}

/**
 * A short message at the bottom, with at most one thing to do about it.
 *
 * @param {string} text
 * @param {{action?: {label: string, run: () => void}, bad?: boolean, forMs?: number}} [options]
 * @returns {() => void} takes it away
 */
export function toast(text, options = {}) {
  const { action, bad } = options;
  const node = element("div", { class: bad ? "toast bad" : "toast" }, element("span", {}, text));
  const away = () => node.remove();
  if (action) {
    const press = () => {
      away();
      action.run();
    };
    node.append(element("button", { type: "button", onclick: press }, action.label));
  }
  const shelf = byId("toasts");
  while (shelf.children.length > 2) shelf.firstElementChild?.remove();
  shelf.append(node);
  window.setTimeout(away, options.forMs ?? (action ? 9000 : 4500));
  return away;
}

/**
 * A dialog over the whole page, for the few things that are worth one.
 *
 * @param {string} title
 * @param {string} closeLabel
 * @param {Child[]} children
 */
export function showDialog(title, closeLabel, ...children) {
  const close = element("button", { type: "button", class: "tool", "aria-label": closeLabel }, icon("close"));
  const head = element("div", { class: "popover-head" }, element("h2", {}, title), close);
  const dialog = element("dialog", { class: "dialog", "aria-label": title }, head, ...children);
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
