// @ts-check
/** Sends a test to a channel and follows it until it has arrived or is given up. */
import { h, setText } from "../../lib/dom.js";
import { failureWords } from "../../lib/errors.js";
import { t } from "../../lib/translate.js";

/** [ms] between two looks. */
const LOOK_MS = 1500;
/** [ms] after which the notifier is probably not running. */
const PATIENCE_MS = 20_000;

/**
 * @param {import("../../types.js").Context} context
 * @param {ReturnType<typeof import("./dialog.js").createDialogs>} dialogs
 * @param {import("./section.js").Row} channel
 */
export async function openTest({ api, clock, announce, instants }, dialogs, channel) {
  const state = h("p", { role: "status" }, t("admin.test.asking"));
  const tries = h("ul", { class: "admin-tries" });
  const end = new AbortController();
  /** @type {unknown} */
  let timer = null;
  const begun = clock.now();
  dialogs.read(t("admin.test.of", { name: channel.name }), [state, tries], {
    onClose() {
      end.abort();
      clock.clearTimeout(timer);
    },
  });

  try {
    const path = `/api/channels/${encodeURIComponent(channel.name)}/test`;
    const { notification_id: id } = await api.post(path, {}, { signal: end.signal });
    look(id);
  } catch (failed) {
    if (!end.signal.aborted) setText(state, failureWords(failed));
  }

  /** @param {number} id */
  async function look(id) {
    let words = "";
    try {
      const found = await api.get(`/api/notifications/${id}`, {}, { signal: end.signal });
      if (end.signal.aborted) return;
      show(found);
      words = resultOf(found);
    } catch (failed) {
      if (end.signal.aborted) return;
      setText(state, failureWords(failed));
    }
    if (words === "") {
      timer = clock.setTimeout(() => void look(id), LOOK_MS);
      return;
    }
    setText(state, words);
    announce(words);
  }

  /** Empty while it waits. @param {import("./section.js").Row} found */
  function resultOf({ status, last_error: error, tries: ended }) {
    if (status === "sent") return t("admin.test.sent");
    if (status === "given_up") return t("admin.test.failed", { message: error ?? ended.at(-1)?.error ?? "" });
    const slow = clock.now() - begun > PATIENCE_MS;
    setText(state, slow ? t("admin.test.slow") : t("admin.test.waiting"));
    return "";
  }

  /** @param {import("./section.js").Row} found */
  function show({ tries: ended }) {
    tries.replaceChildren(
      ...ended.map((/** @type {import("./section.js").Row} */ { ended_at, is_successful, error }) => {
        const words = is_successful ? t("admin.test.arrived") : error;
        return h("li", {}, `${instants.full(Date.parse(ended_at))}: ${words}`);
      }),
    );
  }
}
