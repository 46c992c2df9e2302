// @ts-check
/** The form of one rule. It tells what stands in it; what becomes of that is its user's. */
import { h, setAttribute, setText } from "../../lib/dom.js";
import { durationText } from "../../lib/time.js";
import { t } from "../../lib/translate.js";
import { channelName, chosenChannels, createDecimals, readDraft, TYPE_NAMES, TYPES } from "./values.js";

/** @typedef {import("../../data/rules.js").Rule} Rule */
/** @typedef {import("../../data/rules.js").Draft} Draft */
/** @typedef {import("../../types.js").Device} Device */
/** @typedef {import("./values.js").Field} Field */

/** [min] The shortest silence that opens an alert by itself. @type {Record<string, number>} */
const SILENCES = { no_data: 5, device_offline: 15, stuck_value: 60 };

const SEVERITIES = /** @type {const} */ (["info", "warning", "critical"]);

/** @param {Device} device */
export const deviceLabel = ({ device_id, device_name }) =>
  device_name && device_name !== device_id ? `${device_name} (${device_id})` : device_id;

/**
 * Adds the devices that a choice lacks; what is chosen stays.
 *
 * @param {HTMLSelectElement} select
 * @param {Device[]} devices
 */
export function fillDevices(select, devices) {
  const known = new Set([...select.options].map(({ value }) => value));
  for (const device of devices) {
    if (!known.has(device.device_id)) {
      select.append(h("option", { value: device.device_id }, deviceLabel(device)));
    }
  }
}

/**
 * @param {object} options
 * @param {Rule | null} options.rule  null: a new one
 * @param {string | null} options.deviceId  of a new one
 * @param {boolean} options.mayChange
 * @param {boolean} options.readsChannels  this person may read all of them
 * @param {string} options.locale
 * @param {() => void} options.onChange
 * @param {(draft: Draft) => void} options.onSave
 * @param {() => void} options.onCancel
 */
export function createForm({ rule, deviceId, mayChange, readsChannels, locale, onChange, onSave, onCancel }) {
  const decimals = createDecimals(locale);
  let nameTyped = rule !== null;
  const device = h("select", { id: "rule-device", disabled: rule !== null });
  device.append(h("option", { value: "" }, t("rules.everyDevice")));
  const chosen = rule ? rule.device_id : deviceId;
  if (chosen) device.append(h("option", { value: chosen, selected: true }, chosen));
  const type = h(
    "select",
    { id: "rule-type", "aria-describedby": "rule-about" },
    TYPE_NAMES.map((each) =>
      h("option", { value: each, selected: each === rule?.rule_type }, t(`rules.type.${each}`)),
    ),
  );
  const about = h("p", { id: "rule-about", class: "hint" });
  const name = h("input", { id: "rule-name", maxlength: 200, autocomplete: "off", required: true });
  name.value = rule?.rule_name ?? t("rules.type.high_flow");
  const severity = h(
    "select",
    { id: "rule-severity" },
    SEVERITIES.map((each) =>
      h("option", { value: each, selected: each === (rule?.severity ?? "warning") }, t(`severity.${each}`)),
    ),
  );
  const threshold = number("threshold", decimals.write(rule?.threshold_value ?? null));
  const deadband = number("deadband", decimals.write(rule?.deadband ?? 0));
  const duration = number("duration", decimals.write(rule?.duration_minutes ?? 0));
  setText(threshold.label, t("rules.threshold"));
  setText(deadband.label, t("rules.deadband"));
  setText(deadband.hint, t("rules.deadbandHint"));
  setText(duration.label, t("rules.duration"));
  setText(duration.unit, "min");
  const nameError = h("p", { id: "rule-name-error", class: "field-error", hidden: true });
  const enabled = h("input", { id: "rule-enabled", type: "checkbox", checked: rule?.is_enabled ?? true });
  const channelBoxes = h("div", { class: "checks" });
  const channelNote = h("p", { class: "hint" });
  const channels = h(
    "fieldset",
    { class: "channels" },
    h("legend", {}, t("rules.channels")),
    channelBoxes,
    channelNote,
  );
  const error = h("p", { class: "error", role: "alert" });
  const save = h("button", { class: "primary", type: "submit" }, t("rules.save"));
  const fields = h(
    "fieldset",
    { disabled: !mayChange },
    h("label", { for: "rule-device" }, t("rules.device")),
    device,
    h("label", { for: "rule-type" }, t("rules.type")),
    type,
    about,
    h("label", { for: "rule-name" }, t("rules.name")),
    name,
    nameError,
    h("div", { class: "numbers" }, threshold.node, deadband.node, duration.node),
    h("label", { for: "rule-severity" }, t("rules.severity")),
    severity,
    channels,
    h("label", { class: "check", for: "rule-enabled" }, enabled, t("rules.enabled")),
  );
  const node = h(
    "form",
    { class: "card rule-form", novalidate: true, "aria-labelledby": "rules-heading", onsubmit: submit },
    fields,
    error,
    mayChange &&
      h(
        "div",
        { class: "actions" },
        h("button", { type: "button", onclick: onCancel }, t("action.cancel")),
        save,
      ),
  );
  node.addEventListener("input", changed);
  node.addEventListener("change", changed);
  /** @type {Map<string, HTMLInputElement>} */
  const boxes = new Map();
  let isTried = false;
  const typeNow = () => /** @type {Rule["rule_type"]} */ (type.value);
  const places = {
    name: { input: name, fault: nameError },
    threshold,
    deadband,
    duration,
  };
  fit();

  /** @param {"threshold" | "deadband" | "duration"} field @param {string} value */
  function number(field, value) {
    const id = `rule-${field}`;
    const label = h("label", { for: id });
    const input = h("input", {
      id,
      inputmode: field === "duration" ? "numeric" : "decimal",
      autocomplete: "off",
      "aria-describedby": `${id}-unit ${id}-hint ${id}-error`,
    });
    input.value = value;
    const unit = h("span", { id: `${id}-unit`, class: "unit" });
    const hint = h("p", { id: `${id}-hint`, class: "hint" });
    const fault = h("p", { id: `${id}-error`, class: "field-error", hidden: true });
    const node = h("div", {}, label, h("div", { class: "with-unit" }, input, unit), fault, hint);
    return { node, label, input, unit, hint, fault };
  }

  /** What of the form goes with its type. */
  function fit() {
    const { unit, needed } = TYPES[typeNow()];
    setText(about, t(`rules.about.${typeNow()}`));
    threshold.node.hidden = unit === null;
    deadband.node.hidden = unit === null;
    setText(threshold.label, t(needed ? "rules.threshold" : "rules.thresholdOptional"));
    setText(threshold.unit, unit ?? "");
    setText(deadband.unit, unit ?? "");
    const silence = SILENCES[typeNow()];
    setText(
      duration.hint,
      silence
        ? t("rules.durationSilence", { minimum: durationText(silence * 60_000) })
        : t("rules.durationHint"),
    );
    if (!nameTyped) name.value = t(`rules.type.${typeNow()}`);
  }

  /** @param {Event} event */
  function changed(event) {
    if (event.target === name) nameTyped = name.value.trim() !== "";
    fit();
    if (isTried) mark(read().faults);
    onChange();
  }

  function read() {
    const picked = [...boxes].filter(([, box]) => box.checked).map(([each]) => each);
    // Until they are known, the rule's own stay.
    const entries = rule?.notification_channels ?? [];
    return readDraft(
      {
        device_id: device.value === "" ? null : device.value,
        name: name.value,
        type: typeNow(),
        threshold: threshold.input.value,
        deadband: deadband.input.value,
        duration: duration.input.value,
        severity: /** @type {Rule["severity"]} */ (severity.value),
        enabled: enabled.checked,
        channels: boxes.size === 0 ? entries : chosenChannels(entries, picked),
      },
      decimals,
    );
  }

  /** Writes the faults beside their fields; gives the first such field. @param {Partial<Record<Field, string>>} faults */
  function mark(faults) {
    /** @type {HTMLInputElement | null} */
    let first = null;
    for (const [field, { input, fault }] of Object.entries(places)) {
      const text = faults[/** @type {Field} */ (field)] ?? "";
      setText(fault, text);
      fault.hidden = text === "";
      setAttribute(input, "aria-invalid", text === "" ? null : "true");
      if (text !== "") first ??= input;
    }
    return first;
  }

  /** @param {SubmitEvent} event */
  function submit(event) {
    event.preventDefault();
    if (!mayChange || save.getAttribute("aria-disabled") === "true") return;
    isTried = true;
    const { draft, faults } = read();
    const first = mark(faults);
    setText(error, first ? t("rules.faults") : "");
    if (first) first.focus();
    else onSave(draft);
  }

  setAttribute(name, "aria-describedby", "rule-name-error");

  return {
    node,
    /** Devices that came to be known. @param {Device[]} devices */
    offer(devices) {
      fillDevices(device, devices);
      for (const option of device.options) {
        const known = devices.find(({ device_id }) => device_id === option.value);
        if (known) setText(option, deviceLabel(known));
      }
    },
    /**
     * Channels to choose from. What is ticked stays.
     *
     * @param {string[]} names
     * @param {boolean} failed  not all could be read
     */
    offerChannels(names, failed) {
      const own = (rule?.notification_channels ?? []).map(channelName);
      for (const each of [...new Set([...own, ...names])].sort()) {
        if (boxes.has(each)) continue;
        const box = h("input", { type: "checkbox", checked: own.includes(each) });
        boxes.set(each, box);
        channelBoxes.append(h("label", { class: "check" }, box, each));
      }
      const hint = readsChannels ? "" : t("rules.channelsHint");
      const words = boxes.size === 0 ? t("rules.channelsNone") : hint;
      setText(channelNote, failed ? t("rules.channelsFailed") : words);
    },
    /** The rule in the form; null while something is wrong with it. The name does not matter here. */
    draft() {
      const { draft, faults } = read();
      const { name: _name, ...others } = faults;
      return Object.keys(others).length === 0 ? draft : null;
    },
    /** @param {boolean} pending */
    setPending: (pending) => setAttribute(save, "aria-disabled", pending ? "true" : null),
    /** @param {string} text */
    showError: (text) => setText(error, text),
  };
}
