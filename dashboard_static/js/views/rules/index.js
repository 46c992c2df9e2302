// @ts-check
/** Alert rules: the list, and one rule with what it would have done. */
import { changeRule } from "../../data/rules.js";
import { h, setAttribute, setText } from "../../lib/dom.js";
import { failureWords } from "../../lib/errors.js";
import { address } from "../../lib/routes.js";
import { t } from "../../lib/translate.js";
import { createDeleteDialog } from "./delete-dialog.js";
import { createEditor } from "./editor.js";
import { fillDevices } from "./form.js";
import { createList } from "./list.js";
import { createStore } from "./store.js";

/** @typedef {import("../../data/rules.js").Rule} Rule */
/** @typedef {import("../../types.js").Params} Params */

/** Where the form of a rule is that there is not yet. */
const NEW = "new";

/** @returns {import("../../types.js").View} */
export function createView() {
  /** @type {() => void} */
  let draw = () => {};
  /** @type {(params: Params) => void} */
  let change = () => {};
  let close = () => {};

  return {
    mount(root, context, first) {
      const { api, fleet, feed, instants, quantities, profile, announce, navigate, setTitle } = context;
      const mayChange = profile.role !== "viewer";
      let params = first;
      /** The rule whose link takes the focus when the list is shown. */
      let returning = "";
      /** Rules whose switch is on its way. @type {Set<string>} */
      const switching = new Set();
      /** @type {ReturnType<typeof createEditor> | null} */
      let editor = null;
      const title = h("h1", { id: "rules-heading" }, t("rules.heading"));
      const back = h("a", { href: address(["rules"]) }, t("rules.toList"));
      const add = h("a", { class: "button primary", href: address(["rules", NEW]) }, t("rules.new"));
      const filter = h("select", { id: "rules-filter" }, h("option", { value: "" }, t("rules.all")));
      filter.addEventListener("change", () =>
        navigate(address(["rules"], { device: filter.value || null }), { replace: true }),
      );
      const narrow = h(
        "div",
        {},
        h("label", { for: "rules-filter", class: "visually-hidden" }, t("rules.device")),
        filter,
      );
      const reason = h("p", {});
      const retry = h("button", { type: "button", onclick: () => void store.load() }, t("action.retry"));
      const notice = h("div", { class: "banner", hidden: true }, reason, retry);
      const failed = h("p", { class: "error", role: "alert", hidden: true });
      const empty = h("p", { class: "empty card", hidden: true });
      const dialog = createDeleteDialog({ context, onDeleted });
      const list = createList({
        quantities,
        mayChange,
        fallback: () => title,
        onToggle,
        onDelete: dialog.open,
      });
      const place = h("div", {});
      const store = createStore(context, () => draw());
      root.append(
        h("p", { class: "rules-back" }, back),
        h("div", { class: "rules-head" }, title, narrow, mayChange && add),
        notice,
        failed,
        empty,
        list.node,
        place,
        dialog.node,
      );

      /** @param {Rule} rule */
      async function onToggle(rule) {
        if (switching.has(rule.id)) return;
        switching.add(rule.id);
        showFailed("");
        try {
          const saved = await changeRule(api, rule.id, { is_enabled: !rule.is_enabled });
          store.put(rule.id, saved);
          announce(t(saved.is_enabled ? "rules.switchedOn" : "rules.switchedOff", { name: saved.rule_name }));
        } catch (error) {
          showFailed(`${rule.rule_name}: ${failureWords(error)}`);
          void store.load();
        }
        switching.delete(rule.id);
      }

      /** @param {Rule} rule */
      function onDeleted(rule) {
        store.put(rule.id, null);
        announce(t("rules.deleted", { name: rule.rule_name }));
      }

      /** @param {Rule} rule @param {string} words @param {boolean} isLeft  another page is shown by now */
      function onSaved(rule, words, isLeft) {
        store.put(rule.id, rule);
        announce(words);
        if (isLeft) return;
        returning = rule.id;
        navigate(address(["rules"]));
      }

      /** @param {string} text */
      function showFailed(text) {
        failed.hidden = text === "";
        setText(failed, text);
      }

      function closeEditor() {
        editor?.dispose();
        editor?.node.remove();
        editor = null;
      }

      function drawList() {
        const rules = store.rules();
        fillDevices(filter, fleet.devices());
        if (params.device && ![...filter.options].some(({ value }) => value === params.device)) {
          filter.append(h("option", { value: params.device }, params.device));
        }
        if (filter.value !== (params.device ?? "")) filter.value = params.device ?? "";
        setAttribute(add, "href", address(["rules", NEW], { device: params.device }));
        const shown = (rules ?? []).filter(
          ({ device_id }) => !params.device || device_id === null || device_id === params.device,
        );
        list.show(shown, (id) => fleet.device(id));
        empty.hidden = shown.length > 0 || (rules === null && store.failure() !== "");
        const nothing = params.device ? "rules.emptyDevice" : "rules.empty";
        setText(empty, t(rules === null ? "rules.loading" : nothing));
        if (returning !== "" && rules !== null) {
          if (!list.focus(returning)) title.focus();
          returning = "";
        }
      }

      function drawRule() {
        const isNew = params.id === NEW;
        const rule = isNew ? null : store.rule(params.id);
        const isKnown = isNew ? mayChange : rule !== undefined;
        if (editor === null && isKnown) {
          editor = createEditor({
            context,
            rule: rule ?? null,
            deviceId: params.device ?? null,
            mayChange,
            onSaved,
            onUnsure: () => void store.load(),
            onCancel: () => {
              if (!isNew) returning = params.id;
              navigate(address(["rules"], { device: params.device }));
            },
          });
          place.append(editor.node);
        }
        if (store.rules() !== null) editor?.offerChannels(store.channels(), store.channelsFailed());
        editor?.update();
        // What is typed stays on the page when somebody else deletes the rule.
        const isGone = !isKnown && (isNew || store.rules() !== null);
        empty.hidden = !isGone && (editor !== null || store.failure() !== "");
        setText(empty, t(isGone ? (isNew ? "failure.forbidden" : "rules.gone") : "rules.loading"));
      }

      draw = () => {
        const rules = store.rules();
        const failure = store.failure();
        if (failure === "" && notice.contains(document.activeElement)) title.focus();
        notice.hidden = failure === "";
        setText(
          reason,
          rules === null
            ? t("rules.failed", { reason: failure })
            : t("rules.old", {
                time: `${instants.full(store.readAt())} ${instants.zoneShort(store.readAt())}`,
                reason: failure,
              }),
        );
        const isList = params.id === undefined;
        list.node.hidden = !isList;
        narrow.hidden = !isList;
        add.hidden = !isList;
        back.hidden = isList;
        const own = t(params.id === NEW ? "rules.new" : mayChange ? "rules.change" : "rules.look");
        const words = isList ? t("rules.heading") : own;
        if (setText(title, words)) setTitle(isList ? t("rules.title") : words);
        if (isList) drawList();
        else drawRule();
      };

      change = (next) => {
        const other = next.id !== params.id;
        params = next;
        showFailed("");
        if (other) closeEditor();
        const aimed = returning !== "";
        draw();
        if (!other || aimed) return;
        globalThis.scrollTo(0, 0);
        title.focus();
        announce(title.textContent ?? "");
      };
      const unsubscribe = feed.subscribe({ reload: (failure) => failure === null && void store.load() });
      close = () => {
        unsubscribe();
        store.close();
        closeEditor();
        dialog.close();
      };
      void store.load();
    },
    update: () => draw(),
    change: (params) => change(params),
    unmount: () => close(),
  };
}
