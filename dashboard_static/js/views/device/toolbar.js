// @ts-check
/** What is shown: the quantity, the window of time, moving and zooming, following. */
import { h, setAttribute, setText } from "../../lib/dom.js";
import { labelOf } from "../../lib/quantity.js";
import { t } from "../../lib/translate.js";
import { PRESETS, SHOWN } from "./span.js";

/** @param {import("./span.js").Shown} shown */
export const nameOf = (shown) => (shown === "volume" ? t("device.volume") : labelOf(shown));

/**
 * @param {object} on
 * @param {(preset: import("./span.js").Preset) => void} on.preset
 * @param {(direction: 1 | -1) => void} on.shift
 * @param {(direction: 1 | -1) => void} on.zoom
 * @param {() => void} on.follow
 * @param {(shown: import("./span.js").Shown) => void} on.shown
 */
export function createToolbar(on) {
  const choice = h(
    "select",
    { id: "shown" },
    SHOWN.map((each) => h("option", { value: each }, nameOf(each))),
  );
  choice.addEventListener("change", () => {
    const shown = SHOWN.find((each) => each === choice.value);
    if (shown) on.shown(shown);
  });
  const presets = PRESETS.map((each) =>
    h(
      "button",
      {
        type: "button",
        "aria-label": t(`window.${each.key}`),
        "aria-pressed": "false",
        onclick: () => on.preset(each),
      },
      t(`window.short.${each.key}`),
    ),
  );
  /** @param {string} sign @param {import("../../lib/translate.js").Key} key @param {() => void} onclick */
  const button = (sign, key, onclick) =>
    h("button", { type: "button", "aria-label": t(key), title: t(key), onclick }, sign);
  const later = button("›", "device.later", () => on.shift(1));
  const nearer = button("+", "device.nearer", () => on.zoom(1));
  const further = button("−", "device.further", () => on.zoom(-1));
  const follow = h("button", { type: "button", class: "follow", onclick: on.follow }, t("device.follow"));
  const range = h("p", { id: "range", class: "subtitle" });
  const node = h(
    "div",
    { class: "chart-tools" },
    h("label", { for: "shown", class: "visually-hidden" }, t("device.shown")),
    choice,
    h("div", { class: "segments", role: "group", "aria-label": t("device.window") }, presets),
    h(
      "div",
      { class: "segments", role: "group", "aria-label": t("device.move") },
      button("‹", "device.earlier", () => on.shift(-1)),
      later,
      further,
      nearer,
    ),
    follow,
  );

  return {
    node,
    range,
    /**
     * @param {import("./span.js").Span} span
     * @param {import("./span.js").Shown} shown
     */
    show(span, shown) {
      if (choice.value !== shown) choice.value = shown;
      PRESETS.forEach((each, i) => {
        setAttribute(presets[i], "aria-pressed", String(each === span.last));
      });
      setAttribute(follow, "aria-pressed", String(span.last !== null));
      // Not disabled, so that the focus stays: there is nothing later than now.
      setAttribute(later, "aria-disabled", span.last ? "true" : null);
      setAttribute(nearer, "aria-disabled", span.to - span.from <= 60_000 ? "true" : null);
    },
    /** @param {string} text */
    showRange: (text) => setText(range, text),
  };
}
