// @ts-check
/** A description list of a few labelled values. */
import { el, setText } from "../lib/dom.js";

/** @param {HTMLElement} list  a <dl> */
export function createFacts(list) {
  /** @type {Map<string, {box: HTMLElement, value: HTMLElement}>} */
  const known = new Map();

  return {
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
    const value = el("dd");
    const box = el("div", {}, el("dt", {}, label), value);
    list.append(box);
    const made = { box, value };
    known.set(label, made);
    return made;
  }
}
