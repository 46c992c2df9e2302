import { judge } from "./judge.mjs";
import { changePayload, errorPayload, RenderedValues } from "./payload.mjs";

/**
 * Judges a batch and sends each change to its readers, in the log's order.
 *
 * @param {import("./questions.mjs").Questions} questions
 * @param {import("./subscriptions.mjs").Subscriptions} subscriptions
 * @param {import("./log-decoder.mjs").Change[]} changes
 */
export async function deliver(questions, subscriptions, changes) {
  /** @type {Map<number, import("./log-decoder.mjs").Change[]>} */
  const byRelation = new Map();
  for (const change of changes) {
    const list = byRelation.get(change.relation);
    if (list) list.push(change);
    else byRelation.set(change.relation, [change]);
  }
  const senders = new Map();
  for (const [relation, ofTable] of byRelation) {
    const listeners = subscriptions.of(relation);
    if (listeners.length === 0) continue;
    const facts = await questions.tableFacts(relation, [...new Set(listeners.map(({ role }) => role))]);
    // A partitioned table is in the log only with publish_via_partition_root; the hosted service has no event for it.
    if (facts === null || facts.is_root) continue;
    const verdicts = await judge(questions, facts, ofTable, listeners);
    const rendered = new RenderedValues();
    await rendered.fetch(questions, facts, ofTable);
    for (const verdict of verdicts) senders.set(verdict.change, () => send(facts, verdict, rendered));
  }
  for (const change of changes) senders.get(change)?.();
}

/**
 * One message for each channel and form of the change; the form's text is made once.
 *
 * @param {import("./judge.mjs").TableFacts} facts
 * @param {import("./judge.mjs").Verdict} verdict
 * @param {RenderedValues} rendered
 */
function send(facts, { change, readers, refused }, rendered) {
  /** @type {Map<string, {payload: string, ids: Map<import("./channel.mjs").Channel, Set<number>>}>} */
  const forms = new Map();
  const add = (
    /** @type {string} */ name,
    /** @type {import("./subscriptions.mjs").Subscription} */ { channel, binding },
    /** @type {() => string} */ makePayload,
  ) => {
    let form = forms.get(name);
    if (!form) {
      form = { payload: makePayload(), ids: new Map() };
      forms.set(name, form);
    }
    const ids = form.ids.get(channel);
    if (ids) ids.add(binding.id);
    else form.ids.set(channel, new Set([binding.id]));
  };
  for (const subscription of readers) {
    const { role, binding } = subscription;
    const name = JSON.stringify([role, binding.select]);
    add(name, subscription, () => changePayload(facts, change, { role, select: binding.select }, rendered));
  }
  for (const { subscription, error } of refused) {
    add(error, subscription, () => errorPayload(facts, change.type, error));
  }
  for (const { payload, ids } of forms.values()) {
    for (const [channel, set] of ids) channel.sendChange(payload, [...set]);
  }
}
