// @ts-check
/** The rules, by device; those for every device first. */
import { h, setAttribute, setText } from "../../lib/dom.js";
import { address } from "../../lib/routes.js";
import { t } from "../../lib/translate.js";
import { deviceLabel } from "./form.js";
import { channelName, conditionText } from "./values.js";

/** @typedef {import("../../data/rules.js").Rule} Rule */
/** @typedef {import("../../types.js").Device} Device */

/**
 * @param {object} options
 * @param {import("../../lib/quantity.js").QuantityFormat} options.quantities
 * @param {boolean} options.mayChange
 * @param {() => HTMLElement} options.fallback  takes the focus when nothing else is left
 * @param {(rule: Rule) => void} options.onToggle
 * @param {(rule: Rule) => void} options.onDelete
 */
export function createList({ quantities, mayChange, fallback, onToggle, onDelete }) {
  const node = h("div", { class: "rule-groups" });
  /** @type {Map<string, ReturnType<typeof createGroup>>} */
  const groups = new Map();
  /** @type {Map<string, ReturnType<typeof createItem>>} */
  const items = new Map();

  /** @param {string} key */
  function createGroup(key) {
    const title = h("h2", {});
    const list = h("ul", { class: "rules" });
    return { key, title, list, node: h("section", { class: "card" }, title, list) };
  }

  /** @param {Rule} first */
  function createItem(first) {
    let rule = first;
    const severity = h("span", { class: "pill" });
    const link = h("a", { class: "rule-name", href: address(["rules", first.id]) });
    const words = h("p", { class: "rule-words" });
    const state = h("span", { class: "pill" });
    const toggle = h("button", {
      type: "button",
      role: "switch",
      class: "switch",
      onclick: () => onToggle(rule),
    });
    const remove = h("button", { type: "button", onclick: () => onDelete(rule) }, t("rules.delete"));
    const tools = mayChange ? h("div", { class: "rule-tools" }, toggle, remove) : state;
    const node = h(
      "li",
      { class: "rule" },
      h("div", { class: "rule-text" }, h("p", {}, link, " ", severity), words),
      tools,
    );
    return {
      node,
      link,
      /** @param {Rule} next */
      fill(next) {
        rule = next;
        setText(link, next.rule_name);
        setText(severity, t(`severity.${next.severity}`));
        setAttribute(severity, "data-tone", next.severity);
        const told = [...new Set(next.notification_channels.map(channelName))].join(", ");
        const condition = conditionText(next, quantities.plain);
        setText(words, told === "" ? condition : `${condition} · ${t("rules.tells", { channels: told })}`);
        const on = t(next.is_enabled ? "rules.on" : "rules.off");
        setText(state, on);
        setAttribute(state, "data-tone", next.is_enabled ? "online" : null);
        setText(toggle, on);
        setAttribute(toggle, "aria-checked", String(next.is_enabled));
        setAttribute(toggle, "aria-label", t("rules.enableThis", { name: next.rule_name }));
        setAttribute(remove, "aria-label", t("rules.deleteThis", { name: next.rule_name }));
        setAttribute(node, "data-off", next.is_enabled ? null : "");
      },
    };
  }

  /** @param {HTMLElement} parent @param {HTMLElement} child @param {number} index */
  function put(parent, child, index) {
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
  }

  return {
    node,
    /**
     * @param {Rule[]} rules
     * @param {(id: string) => Device | undefined} deviceOf
     */
    show(rules, deviceOf) {
      const links = [...node.querySelectorAll("a.rule-name")];
      const focused = document.activeElement;
      const place = links.findIndex((link) => link.closest("li")?.contains(focused));
      const ids = new Set(rules.map(({ id }) => id));
      for (const [id, item] of items) {
        if (ids.has(id)) continue;
        item.node.remove();
        items.delete(id);
      }
      /** @type {Map<string, Rule[]>} */
      const byDevice = new Map();
      for (const rule of rules) {
        const key = rule.device_id ?? "";
        byDevice.set(key, [...(byDevice.get(key) ?? []), rule]);
      }
      for (const [key, group] of groups) {
        if (byDevice.has(key)) continue;
        group.node.remove();
        groups.delete(key);
      }
      /** @param {string} key */
      const labelOf = (key) => {
        const device = deviceOf(key);
        return key === "" ? t("rules.everyDevice") : device ? deviceLabel(device) : key;
      };
      const keys = [...byDevice.keys()].sort((a, b) =>
        a === "" || b === "" ? a.length - b.length : labelOf(a).localeCompare(labelOf(b)),
      );
      keys.forEach((key, index) => {
        const group = groups.get(key) ?? createGroup(key);
        groups.set(key, group);
        setText(group.title, labelOf(key));
        put(node, group.node, index);
        const sorted = (byDevice.get(key) ?? []).sort(
          (a, b) => a.rule_name.localeCompare(b.rule_name) || (a.id < b.id ? -1 : 1),
        );
        sorted.forEach((rule, i) => {
          const item = items.get(rule.id) ?? createItem(rule);
          items.set(rule.id, item);
          put(group.list, item.node, i);
          item.fill(rule);
        });
      });
      if (focused instanceof HTMLElement && focused !== document.activeElement && place >= 0) {
        if (node.contains(focused)) {
          focused.focus();
          return;
        }
        const left = node.querySelectorAll("a.rule-name");
        const next = left[Math.min(place, left.length - 1)];
        (next instanceof HTMLElement ? next : fallback()).focus();
      }
    },
    /** @param {string} id */
    focus(id) {
      const link = items.get(id)?.link;
      link?.focus();
      return link !== undefined;
    },
  };
}
