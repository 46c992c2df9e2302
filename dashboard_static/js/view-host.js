// @ts-check
/** Shows the view that the address names, one at a time. */
import { h, setAttribute } from "./lib/dom.js";
import { canonical, findView } from "./lib/routes.js";
import { t } from "./lib/translate.js";

/** @typedef {import("./types.js").ViewEntry} ViewEntry */
/** @typedef {import("./types.js").View} View */
/** @typedef {import("./types.js").Params} Params */

/** [ms] after the first view, when the others are fetched, so that they open in an outage too. */
const FETCH_AHEAD_MS = 2000;

/**
 * @param {object} options
 * @param {HTMLElement} options.root  <div id="view">
 * @param {readonly ViewEntry[]} options.views  the first is where an unknown address leads
 * @param {import("./types.js").Context} options.context
 * @param {import("./shell.js").Shell} options.shell
 */
export function createViewHost({ root, views, context, shell }) {
  const { clock, profile } = context;
  const allowed = views.filter(({ roles }) => roles.includes(profile.role));
  /** @type {{entry: ViewEntry, view: View} | null} */
  let shown = null;
  /** Counts addresses followed, so that a module that comes late is dropped. */
  let visits = 0;
  let ahead = clock.setTimeout(fetchAhead, FETCH_AHEAD_MS);

  function fetchAhead() {
    for (const { load } of allowed) load().catch(() => undefined);
  }

  /** Where the address leads, put right when it leads nowhere. */
  function destination() {
    const { hash } = globalThis.location;
    const found = findView(hash, views);
    const refused = found !== null && !allowed.includes(found.entry);
    if (found !== null && !refused) {
      if (canonical(hash) !== hash) rewrite(canonical(hash));
      return { entry: found.entry, params: found.params, refused };
    }
    rewrite(`#${views[0].path}`);
    return { entry: views[0], params: {}, refused };
  }

  /** @param {string} hash */
  const rewrite = (hash) => globalThis.history.replaceState(null, "", hash);

  /** @param {boolean} first  the page opens: the focus stays where it is */
  async function follow(first) {
    const { entry, params, refused } = destination();
    const words = refused ? t("shell.notForRole") : "";
    shell.showNotice(words);
    if (shown?.entry === entry && shown.view.change) {
      shown.view.change(params);
      return;
    }
    visits += 1;
    const mine = visits;
    leave();
    shell.markTab(entry);
    shell.setTitle(t(entry.title));
    setAttribute(root, "aria-busy", "true");
    root.append(h("p", { class: "empty" }, t("shell.loading")));
    try {
      const { createView } = await entry.load();
      if (mine !== visits) return;
      show(entry, createView(), params, mine);
    } catch (error) {
      if (mine !== visits) return;
      leave();
      showFailure(entry, error);
    }
    setAttribute(root, "aria-busy", null);
    const heading = root.querySelector("h1");
    context.announce([heading?.textContent, words].filter(Boolean).join(". "));
    if (first) return;
    globalThis.scrollTo(0, 0);
    heading?.focus();
  }

  /** @param {ViewEntry} entry @param {View} view @param {Params} params @param {number} mine */
  function show(entry, view, params, mine) {
    const place = h("div", { class: `view-${entry.id}` });
    root.replaceChildren(place);
    shown = { entry, view };
    /** @param {string} text */
    const setTitle = (text) => mine === visits && shell.setTitle(text);
    view.mount(place, { ...context, setTitle }, params);
    view.update(clock.now());
    const heading = place.querySelector("h1");
    if (heading) setAttribute(heading, "tabindex", "-1");
  }

  /** @param {ViewEntry} entry @param {unknown} error */
  function showFailure(entry, error) {
    // A browser fails to fetch a module with a TypeError; anything else is a fault of the view.
    const fetching = error instanceof TypeError && /import|module/i.test(error.message);
    const message = error instanceof Error ? error.message : String(error);
    if (!fetching) globalThis.reportError(error);
    const retry = h("button", { type: "button", onclick: () => void again(entry) }, t("action.retry"));
    root.replaceChildren(
      h(
        "div",
        { class: "card notice" },
        h("h1", { tabindex: -1 }, t(entry.title)),
        h("p", {}, fetching ? t("shell.loadFailed") : t("shell.viewFailed", { message })),
        h("p", {}, retry),
      ),
    );
  }

  /** Some browsers remember a failed import for as long as the page lives: then the page is loaded anew. */
  async function again(/** @type {ViewEntry} */ entry) {
    try {
      await entry.load();
      await follow(false);
    } catch {
      const answer = await fetch("config.json", { cache: "no-store" }).catch(() => null);
      if (answer?.ok) globalThis.location.reload();
      else context.announce(t("shell.loadFailed"));
    }
  }

  function leave() {
    const leaving = shown;
    shown = null;
    try {
      leaving?.view.unmount();
    } catch (error) {
      globalThis.reportError(error);
    }
    root.replaceChildren();
  }

  const onHash = () => void follow(false);

  return {
    allowed,
    open() {
      shell.showTabs(allowed);
      globalThis.addEventListener("hashchange", onHash);
      void follow(true);
    },
    /** @param {number} now [ms] */
    update: (now) => shown?.view.update(now),
    /** @param {string} to @param {{replace?: boolean}} [options] */
    navigate(to, { replace = false } = {}) {
      if (!replace) {
        globalThis.location.hash = to;
        return;
      }
      rewrite(to);
      void follow(false);
    },
    close() {
      visits += 1;
      clock.clearTimeout(ahead);
      ahead = null;
      globalThis.removeEventListener("hashchange", onHash);
      setAttribute(root, "aria-busy", null);
      leave();
    },
  };
}
