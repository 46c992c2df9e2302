// @ts-check
/** One rule: its form and what it would have done. */
import { changeRule, createRule } from "../../data/rules.js";
import { h } from "../../lib/dom.js";
import { ApiProblem, failureWords } from "../../lib/errors.js";
import { t } from "../../lib/translate.js";
import { createForm, fillDevices } from "./form.js";
import { createPreview } from "./preview.js";
import { changesOf } from "./values.js";

/** @typedef {import("../../data/rules.js").Rule} Rule */
/** @typedef {import("../../data/rules.js").Draft} Draft */

/**
 * @param {object} options
 * @param {import("../../types.js").Context} options.context
 * @param {Rule | null} options.rule  null: a new one
 * @param {string | null} options.deviceId  of a new one
 * @param {boolean} options.mayChange
 * @param {(rule: Rule, words: string, isLeft: boolean) => void} options.onSaved
 * @param {() => void} options.onUnsure  whether it was saved is not known
 * @param {() => void} options.onCancel
 */
export function createEditor({ context, rule, deviceId, mayChange, onSaved, onUnsure, onCancel }) {
  const { api, fleet, locale, profile } = context;
  let pending = false;
  let disposed = false;
  const preview = createPreview(context);
  const choice = h("select", { id: "preview-device", onchange: attempt });
  const choose = h(
    "div",
    { class: "preview-choice" },
    h("label", { for: "preview-device" }, t("rules.previewDevice")),
    choice,
  );
  preview.slot.append(choose);
  const form = createForm({
    rule,
    deviceId,
    mayChange,
    readsChannels: profile.role === "admin",
    locale,
    onChange: attempt,
    onSave: (draft) => void save(draft),
    onCancel,
  });
  const node = h("div", { class: "rule-editor" }, form.node, preview.node);

  function attempt() {
    const draft = form.draft();
    const devices = fleet.devices();
    const own = draft?.device_id ?? null;
    choose.hidden = own !== null || devices.length === 0;
    preview.try(fleet.device(own ?? choice.value), draft, devices.length > 0 || !fleet.isLoaded());
  }

  /** @param {Draft} draft */
  async function save(draft) {
    if (pending) return;
    const changes = rule === null ? draft : changesOf(rule, draft);
    if (rule !== null && Object.keys(changes).length === 0) {
      onSaved(rule, t("rules.unchanged"), false);
      return;
    }
    pending = true;
    form.setPending(true);
    form.showError("");
    try {
      const saved = await (rule === null ? createRule(api, draft) : changeRule(api, rule.id, changes));
      onSaved(saved, t("rules.saved", { name: saved.rule_name }), disposed);
    } catch (error) {
      if (disposed) return;
      const reason = failureWords(error);
      // A second rule of the same kind would page twice.
      const unsure =
        rule === null && error instanceof ApiProblem && (error.status === 0 || error.status > 500);
      form.showError(unsure ? t("rules.unsure", { reason }) : reason);
      if (unsure) onUnsure();
    }
    pending = false;
    form.setPending(false);
  }

  return {
    node,
    offerChannels: form.offerChannels,
    update() {
      const devices = fleet.devices();
      if (devices.length !== choice.options.length) {
        form.offer(devices);
        fillDevices(choice, devices);
      }
      attempt();
    },
    dispose() {
      disposed = true;
      preview.dispose();
    },
  };
}
