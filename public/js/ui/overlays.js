/**
 * What opens over the page: popovers beside a button, dialogs, toasts, and the fields and rows of choices in
 * them. Loaded with the first of them; owns no feature.
 */

import { byId, element, icon } from "./dom.js";

/** @typedef {import("./dom.js").Child} Child */

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
    const tools = anchor.closest(".tools")?.getBoundingClientRect();
    const inRail = tools !== undefined && tools.height > tools.width;
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

/** A press on the backdrop is one on the dialog itself, too. @param {Element} node @param {PointerEvent} event */
function outside(node, { clientX: x, clientY: y }) {
  const box = node.getBoundingClientRect();
  return x < box.left || x > box.right || y < box.top || y > box.bottom;
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

/** Work that is done sooner needs no word. */
const PATIENCE_MS = 400;

/**
 * Says that something is being done while it takes long.
 *
 * @template T
 * @param {string} text
 * @param {Promise<T>} work
 * @returns {Promise<T>}
 */
export async function whileWorking(text, work) {
  let away = () => {};
  const timer = window.setTimeout(() => {
    away = toast(text, { forMs: 600_000 });
  }, PATIENCE_MS);
  try {
    return await work;
  } finally {
    window.clearTimeout(timer);
    away();
  }
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
  dialog.addEventListener("pointerdown", (event) => {
    if (event.target === dialog && outside(dialog, event)) dialog.close();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
