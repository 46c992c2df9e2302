// @ts-check
/** Attributes that could run or load something; no view needs them. */
const REFUSED = /^(on|style$|srcdoc$)/i;

/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * Builds an element. Strings become text nodes, so data can never become markup.
 *
 * A property is an attribute (true: present and empty; false, null, undefined: absent), or with `on` and a
 * function a listener: `h("button", { type: "button", onclick: again }, t("action.retry"))`.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | number | boolean | null | undefined | ((event: never) => void)>} [props]
 * @param {...(Child | Child[])} children  null, undefined and false are left out
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === "function") {
      node.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    } else if (REFUSED.test(name)) {
      throw new TypeError(`${name} is no attribute to set`);
    } else if (value !== false && value !== null && value !== undefined) {
      node.setAttribute(name, value === true ? "" : String(value));
    }
  }
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    node.append(typeof child === "number" ? String(child) : child);
  }
  return node;
}

/**
 * Writes text only when it changed. Returns whether it did.
 *
 * @param {Element} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent === text) return false;
  node.textContent = text;
  return true;
}

/**
 * Writes an attribute only when it changed; null removes it.
 *
 * @param {Element} node
 * @param {string} name
 * @param {string | null} value
 */
export function setAttribute(node, name, value) {
  if (node.getAttribute(name) === value) return;
  if (value === null) node.removeAttribute(name);
  else node.setAttribute(name, value);
}

/**
 * The element of index.html with this id. Views build their own and keep them in variables.
 *
 * @template {Element} T
 * @param {string} id
 * @param {new (...args: never[]) => T} kind
 * @returns {T}
 * @throws {Error} when index.html has no such element
 */
export function byId(id, kind) {
  const node = document.getElementById(id);
  if (!(node instanceof kind)) throw new Error(`index.html has no ${kind.name} with id ${id}`);
  return node;
}
