// @ts-check
/** Sound and desktop notification, by severity, and whether the browser allows them. */
import { h, setText } from "../../lib/dom.js";
import { t } from "../../lib/translate.js";
import { SEVERITIES } from "./filter.js";

const WAYS = /** @type {const} */ (["alertSound", "alertDesktop"]);

/** @param {import("../../types.js").Context} context */
export function createSignals({ alarm, redraw, announce }) {
  const { sound, desktop } = alarm;
  const soundState = h("p", { class: "empty" });
  const desktopState = h("p", { class: "empty" });
  const tryOut = h("button", { type: "button", onclick: () => void play() }, t("alerts.tryOut"));
  const allow = h("button", { type: "button", onclick: () => void ask() }, t("alerts.allow"));
  const boxes = WAYS.map((way) =>
    SEVERITIES.map((severity) => ({ way, severity, box: createBox(way, severity) })),
  );
  const [sounds, notices] = boxes.map((ofWay) =>
    h(
      "fieldset",
      {},
      h("legend", {}, t(`alerts.${ofWay[0].way}`)),
      ...ofWay.map(({ severity, box }) =>
        h("label", { class: "check" }, box, " ", t(`severity.${severity}`)),
      ),
    ),
  );
  const node = h(
    "details",
    { class: "card" },
    h("summary", {}, t("alerts.signals")),
    h("p", { class: "empty" }, t("alerts.signalsHelp")),
    h(
      "div",
      { class: "alert-signals" },
      h("div", {}, sounds, soundState, tryOut),
      h("div", {}, notices, desktopState, allow),
    ),
  );

  /** @param {typeof WAYS[number]} way @param {typeof SEVERITIES[number]} severity */
  function createBox(way, severity) {
    const box = h("input", { type: "checkbox", onchange: () => void choose() });
    box.checked = alarm.wants(way, severity);
    return box;

    async function choose() {
      alarm.choose(way, severity, box.checked);
      if (way === "alertSound") await sound.unlock();
      redraw();
    }
  }

  async function play() {
    await sound.unlock();
    sound.play("critical");
    redraw();
  }

  async function ask() {
    await desktop.ask();
    show();
    announce(desktopState.textContent ?? "");
  }

  function show() {
    const heard = sound.state();
    setText(soundState, t(`alerts.sound.${heard}`));
    soundState.hidden = heard === "waiting" && !boxes[0].some(({ box }) => box.checked);
    const allowed = desktop.state();
    setText(desktopState, t(`alerts.desktop.${allowed}`));
    for (const { way, box } of boxes.flat()) {
      box.disabled = way === "alertSound" ? heard === "none" : allowed === "none" || allowed === "denied";
    }
    tryOut.hidden = heard === "none";
    if (allowed !== "default" && document.activeElement === allow) node.querySelector("summary")?.focus();
    allow.hidden = allowed !== "default";
  }

  return { node, show };
}
