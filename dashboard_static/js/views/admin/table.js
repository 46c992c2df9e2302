// @ts-check
/** A table of rows with a key: a row that stays keeps its nodes, so that nobody loses the focus. */
import { h, setAttribute, setText } from "../../lib/dom.js";
import { failureWords } from "../../lib/errors.js";
import { t } from "../../lib/translate.js";

/** @typedef {import("./section.js").Row} Row */

/**
 * @typedef {object} Column
 * @property {string} label
 * @property {(row: Row) => string} [text]
 * @property {(row: Row) => string | null} [tone]  of a pill around the text
 * @property {(row: Row) => string | null} [href]
 * @property {boolean} [long]  it may break anywhere
 * @property {(row: Row) => Node} [node]  instead of the text, for rows that never change
 *
 * @typedef {object} Action
 * @property {string} label
 * @property {(row: Row) => void} run
 * @property {(row: Row) => boolean} [when]  whether the row has it
 */

/**
 * @param {object} options
 * @param {string} options.caption
 * @param {Column[]} options.columns
 * @param {(row: Row) => string} options.key
 * @param {(row: Row) => string} [options.name]  said with an action; else the key
 * @param {Action[]} [options.actions]
 * @param {HTMLElement} options.heading  takes the focus of the last row that goes
 * @param {(row: Row) => boolean} [options.mayChoose]  rows with a box to choose them
 */
export function createTable({ caption, columns, key, name = key, actions = [], heading, mayChoose }) {
  const body = h("tbody");
  const empty = h("p", { class: "empty", hidden: true }, t("admin.empty"));
  const more = h("p", { class: "empty", hidden: true });
  const head = columns.map(({ label }) => h("th", { scope: "col" }, label));
  const hidden = (/** @type {string} */ text) =>
    h("th", { scope: "col" }, h("span", { class: "visually-hidden" }, text));
  const table = h(
    "table",
    { class: "admin-table" },
    h("caption", { class: caption === heading.textContent && "visually-hidden" }, caption),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        mayChoose && hidden(t("admin.choose")),
        head,
        actions.length > 0 && hidden(t("admin.actions")),
      ),
    ),
    body,
  );
  const frame = h("div", { class: "table-frame", tabindex: 0, role: "region", "aria-label": caption }, table);
  /** @type {Map<string, ReturnType<typeof createRow>>} */
  const rows = new Map();

  /** @param {Row} first */
  function createRow(first) {
    const cells = columns.map(({ text, href, tone, node, long }, index) => {
      const inner = node ? node(first) : h(href ? "a" : "span", { class: tone && "pill" });
      const cell =
        index === 0 ? h("th", { scope: "row" }, inner) : h("td", { class: long && "admin-long" }, inner);
      setAttribute(cell, "data-label", columns[index].label);
      /** @param {Row} row */
      const draw = (row) => {
        if (!(inner instanceof Element) || !text) return;
        setText(inner, text(row));
        if (href) setAttribute(inner, "href", href(row));
        if (tone) setAttribute(inner, "data-tone", tone(row));
      };
      return { cell, draw };
    });
    const buttons = actions.map(({ label, run, when }) => {
      const button = h("button", { type: "button", onclick: () => run(made.row) }, label);
      return { button, label, when };
    });
    const box = h("input", { type: "checkbox", class: "admin-check" });
    const node = h(
      "tr",
      {},
      mayChoose && h("td", {}, box),
      cells.map(({ cell }) => cell),
      buttons.length > 0 &&
        h(
          "td",
          {},
          h(
            "div",
            { class: "admin-actions" },
            buttons.map(({ button }) => button),
          ),
        ),
    );
    const made = {
      node,
      box,
      row: first,
      /** @param {Row} row */
      draw(row) {
        made.row = row;
        for (const { draw } of cells) draw(row);
        for (const { button, label, when } of buttons) {
          const shown = when === undefined || when(row);
          if (!shown && button === document.activeElement) heading.focus();
          button.hidden = !shown;
          setAttribute(button, "aria-label", `${label}: ${name(row)}`);
        }
        if (!mayChoose) return;
        box.disabled = !mayChoose(row);
        if (box.disabled) box.checked = false;
        setAttribute(box, "aria-label", `${t("admin.choose")}: ${name(row)}`);
      },
    };
    return made;
  }

  return {
    nodes: [frame, empty, more],
    /** @param {Row[]} wanted  in order @param {number} [left]  rows that are not shown */
    show(wanted, left = 0) {
      const present = new Set(wanted.map(key));
      for (const [id, { node }] of rows) {
        if (present.has(id)) continue;
        if (node.contains(document.activeElement)) {
          const next = node.nextElementSibling ?? node.previousElementSibling;
          const button = next?.querySelector("button:not([hidden])");
          (button instanceof HTMLElement ? button : heading).focus();
        }
        node.remove();
        rows.delete(id);
      }
      wanted.forEach((row, index) => {
        const made = rows.get(key(row)) ?? createRow(row);
        rows.set(key(row), made);
        made.draw(row);
        if (body.children[index] === made.node) return;
        const active = document.activeElement;
        body.insertBefore(made.node, body.children[index] ?? null);
        if (active instanceof HTMLElement && made.node.contains(active)) active.focus();
      });
      frame.hidden = wanted.length === 0;
      empty.hidden = wanted.length > 0;
      more.hidden = left <= 0;
      setText(more, left > 0 ? t("admin.left", { count: left }) : "");
    },
    chosen: () => [...rows].filter(([, { box }]) => box.checked).map(([id]) => id),
    /** @param {boolean} all */
    choose(all) {
      for (const { box } of rows.values()) box.checked = all && !box.disabled;
    },
  };
}

/** @typedef {{rows: Row[], next: string | null}} Page */

/**
 * A list that is read page by page, newest first.
 *
 * @param {object} options
 * @param {(after: string | null, signal?: AbortSignal) => Promise<Page>} options.read
 * @param {(rows: Row[]) => void} options.show  all that was read
 * @param {HTMLElement} options.heading  takes the focus when there is nothing older
 */
export function createPager({ read, show, heading }) {
  const button = h("button", { type: "button", onclick: older }, t("admin.older"));
  const error = h("p", { class: "error", role: "alert" });
  /** @type {Page} */
  let known = { rows: [], next: null };

  /** @param {Page} page */
  function take(page) {
    known = page;
    show(known.rows);
    if (known.next === null && document.activeElement === button) heading.focus();
    button.hidden = known.next === null;
    setText(error, "");
  }

  async function older() {
    if (button.getAttribute("aria-disabled") === "true") return;
    const asked = known;
    button.setAttribute("aria-disabled", "true");
    try {
      const { rows, next } = await read(asked.next);
      // The list may have been read anew meanwhile.
      if (asked === known) take({ rows: [...asked.rows, ...rows], next });
    } catch (failed) {
      setText(error, failureWords(failed));
    }
    button.removeAttribute("aria-disabled");
  }

  return {
    nodes: [button, error],
    /** @param {AbortSignal} signal */
    first: (signal) => read(null, signal),
    take,
  };
}
