// @ts-check
/** The window's readings as a file, written by the API. */
import { h, setAttribute, setText } from "../../lib/dom.js";
import { ApiProblem, failureWords } from "../../lib/errors.js";
import { t } from "../../lib/translate.js";

/** [ms] a year of readings takes its time. */
const DOWNLOAD_MS = 600_000;

/** What the API writes at most; docs/api.md. */
const FORMATS = Object.freeze({
  csv: { label: "CSV", limit: 100_000_000 },
  xlsx: { label: "Excel", limit: 1_048_575 },
});

/** @typedef {keyof typeof FORMATS} Format */

/**
 * @param {object} options
 * @param {import("../../types.js").Context} options.context
 * @param {string} options.deviceId
 * @param {() => import("../../data/device.js").Window} options.bounds  what is shown
 * @param {() => number} options.received  how many readings that are; 0: not known
 */
export function createDownloads({ context, deviceId, bounds, received }) {
  const { api, announce } = context;
  const stop = new AbortController();
  const note = h("p", { class: "empty" });
  const buttons = /** @type {Format[]} */ (Object.keys(FORMATS)).map((format) =>
    h(
      "button",
      {
        type: "button",
        "aria-label": t("device.downloadAs", { format: FORMATS[format].label }),
        onclick: () => void download(format),
      },
      FORMATS[format].label,
    ),
  );
  const node = h(
    "div",
    { class: "downloads" },
    h("h2", {}, t("device.download")),
    h("div", { class: "actions" }, buttons),
    note,
  );
  let busy = false;

  /** @param {boolean} next @param {string} words */
  function show(next, words) {
    busy = next;
    for (const button of buttons) setAttribute(button, "aria-disabled", busy ? "true" : null);
    setText(note, words);
    announce(words);
  }

  /** @param {Format} format */
  async function download(format) {
    if (busy) return;
    const { from, to } = bounds();
    const { label, limit } = FORMATS[format];
    if (received() > limit) {
      show(false, t("device.tooLong", { format: label, count: limit }));
      return;
    }
    show(true, t("device.downloading", { format: label }));
    const [start, end] = [new Date(from).toISOString(), new Date(to).toISOString()];
    try {
      const answer = await api.fetchAnswer("GET", "/api/flow-data", {
        query: { device_id: deviceId, start_time: start, end_time: end, limit, format },
        headers: { accept: "*/*" },
        signal: stop.signal,
        timeoutMs: DOWNLOAD_MS,
      });
      const blob = await wholeBody(answer);
      save(blob, `${deviceId.replace(/[^\w.-]+/g, "_")}_${fileTime(start)}_${fileTime(end)}.${format}`);
      show(false, t("device.downloaded", { format: label }));
    } catch (error) {
      if (!stop.signal.aborted) show(false, t("device.downloadFailed", { problem: failureWords(error) }));
    }
  }

  return { node, dispose: () => stop.abort() };
}

/** A body that breaks off is no file. @param {Response} answer */
export async function wholeBody(answer) {
  try {
    return await answer.blob();
  } catch {
    throw new ApiProblem({ status: 0, code: "unreachable" });
  }
}

/** "2026-11-28T1005Z" @param {string} text */
const fileTime = (text) => `${text.slice(0, 16).replace(":", "")}Z`;

/** Hands a file to the person. @param {Blob} blob @param {string} name */
export function save(blob, name) {
  const href = URL.createObjectURL(blob);
  h("a", { href, download: name }).click();
  // Some browsers read it only after the click was handled.
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}
