// @ts-check
/** What every part of the administration has: its menu, heading, age, failure with a retry. */
import { readAll } from "../../data/pages.js";
import { h, setAttribute, setText } from "../../lib/dom.js";
import { failureWords } from "../../lib/errors.js";
import { address } from "../../lib/routes.js";
import { ageText } from "../../lib/time.js";
import { t } from "../../lib/translate.js";
import { createDialogs } from "./dialog.js";

/** @typedef {Record<string, any>} Row  as the API answers it */

/** The parts, in the order of the menu. */
// biome-ignore format: one line
const PARTS = /** @type {const} */ ([
  "devices", "places", "profiles", "keys", "people", "channels", "letters", "audit",
]);

/**
 * @typedef {object} Tools
 * @property {import("../../types.js").Context} context
 * @property {ReturnType<typeof createDialogs>} dialogs
 * @property {HTMLElement} heading  takes the focus of what is gone
 * @property {() => Promise<void>} reload
 * @property {(node: Node) => void} toolbar  puts a filter above the list
 * @property {(label: string, run: () => void, primary?: boolean) => void} button  puts one there
 * @property {(table: string, columns: string, ...order: string[]) => Promise<Row[]>} list  every row of a table
 * @property {(text: string | null) => string} when  an instant of the API in the organization's zone
 *
 * @typedef {object} Part
 * @property {Node[]} nodes
 * @property {(signal: AbortSignal) => Promise<any>} load
 * @property {(data: any) => void} show
 */

/**
 * A view that shows what `load` read until it is read again.
 *
 * @param {typeof PARTS[number]} id
 * @param {(tools: Tools) => Part} build
 * @returns {import("../../types.js").View}
 */
export function createSection(id, build) {
  /** @type {(now: number) => void} */
  let update = () => {};
  let unmount = () => {};

  return {
    mount(root, context) {
      const { clock, feed, instants } = context;
      const heading = h("h1", {}, t(`admin.part.${id}`));
      const toolbar = h("div", { class: "admin-toolbar", hidden: true });
      const age = h("span", { class: "subtitle" });
      const again = h("button", { type: "button", onclick: () => void reload() }, t("admin.reload"));
      const words = h("span", {});
      const retry = h("button", { type: "button", onclick: () => void reload() }, t("action.retry"));
      const failure = h("div", { class: "banner", role: "alert", hidden: true }, words, retry);
      const dialogs = createDialogs(context, heading, () => void reload());
      let asked = new AbortController();
      let readAt = Number.NaN;
      let isOld = false;

      async function reload() {
        asked.abort();
        const mine = new AbortController();
        asked = mine;
        setAttribute(root, "aria-busy", "true");
        try {
          const data = await part.load(mine.signal);
          if (asked !== mine) return;
          readAt = clock.now();
          part.show(data);
          body.hidden = false;
          toolbar.hidden = false;
          if (failure.contains(document.activeElement)) heading.focus();
          failure.hidden = true;
          isOld = false;
        } catch (error) {
          if (asked !== mine || mine.signal.aborted) return;
          isOld = !body.hidden;
          setText(words, failureWords(error));
          failure.hidden = false;
        }
        setAttribute(root, "aria-busy", null);
        update(clock.now());
      }

      const part = build({
        context,
        dialogs,
        heading,
        reload,
        toolbar: (node) => toolbar.append(node),
        button: (label, run, primary = true) =>
          toolbar.append(h("button", { type: "button", class: primary && "primary", onclick: run }, label)),
        list: (table, columns, ...order) =>
          readAll((from, to) => {
            const query = context.client.from(table).select(columns);
            return order.reduce((sorted, column) => sorted.order(column), query).range(from, to);
          }),
        when: (text) => (text === null || text === undefined ? "–" : instants.full(Date.parse(text))),
      });
      const body = h("div", { class: "card admin-body", hidden: true }, ...part.nodes);
      const menu = PARTS.map((each) =>
        h(
          "a",
          { href: address(["admin", each]), "aria-current": each === id && "page" },
          t(`admin.part.${each}`),
        ),
      );
      root.classList.add("view-admin");
      root.append(
        h("nav", { class: "admin-menu", "aria-label": t("admin.title") }, ...menu),
        heading,
        h("div", { class: "admin-bar" }, toolbar, h("p", { class: "admin-age" }, age, again)),
        failure,
        body,
        dialogs.node,
      );
      context.setTitle(t(`admin.part.${id}`));
      update = (now) => {
        const values = { age: ageText(readAt, now) };
        const text = isOld ? t("admin.old", values) : t("admin.read", values);
        const before = failure.hidden ? t("shell.loading") : "";
        setText(age, Number.isNaN(readAt) ? before : text);
        setAttribute(age, "data-tone", isOld ? "warning" : null);
        setAttribute(age, "class", isOld ? "pill" : "subtitle");
      };
      const unsubscribe = feed.subscribe({
        reload: (failed) => {
          if (failed === null && !failure.hidden) void reload();
        },
      });
      unmount = () => {
        asked.abort();
        unsubscribe();
        dialogs.close();
      };
      void reload();
    },
    update: (now) => update(now),
    unmount: () => unmount(),
  };
}

/**
 * Choices of a select: the first is "none".
 *
 * @param {string} none
 * @param {Row[]} rows
 * @returns {[string, string][]}
 */
export const choices = (none, rows) => [["", none], ...rows.map(({ id, name }) => pair(id, name))];

/** @param {string} value @param {string} label @returns {[string, string]} */
export const pair = (value, label) => [value, label];
