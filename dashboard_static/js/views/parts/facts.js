// @ts-check
/** A description list of a few labelled values. */
import { h, setText } from "../../lib/dom.js";

/** @param {string} id  of its list */
export function createFacts(id) {
  const list = h("dl", { id, class: "facts" });
  /** @type {Map<string, {box: HTMLElement, value: HTMLElement}>} */
  const known = new Map();

  return {
    node: list,
    /** @param {[label: string, value: string][]} facts */
    show(facts) {
      const labels = new Set(facts.map(([label]) => label));
      for (const [label, { box }] of known) {
        if (labels.has(label)) continue;
        box.remove();
        known.delete(label);
      }
      for (const [label, text] of facts) {
        const fact = known.get(label) ?? create(label);
        setText(fact.value, text);
      }
    },
  };

  /** @param {string} label */
  function create(label) {
    const value = h("dd");
    const box = h("div", {}, h("dt", {}, label), value);
    list.append(box);
    const made = { box, value };
    known.set(label, made);
    return made;
  }
}
