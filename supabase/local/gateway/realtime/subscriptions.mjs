/**
 * Who listens to which table.
 *
 * @typedef {object} Subscription
 * @property {import("./channel.mjs").Channel} channel
 * @property {import("./filters.mjs").Binding} binding
 * @property {string} role
 * @property {string} claims JSON text
 * @property {string} viewer the same for equal role and claims, so that they are asked about once
 */
export class Subscriptions {
  /** @type {Map<number, Set<Subscription>>} by the table's oid */
  #byRelation = new Map();
  /** @type {Map<import("./channel.mjs").Channel, [number, Subscription][]>} */
  #byChannel = new Map();

  get isEmpty() {
    return this.#byRelation.size === 0;
  }

  /** @param {number} relation */
  has(relation) {
    return this.#byRelation.has(relation);
  }

  /** @param {number} relation */
  of(relation) {
    return [...(this.#byRelation.get(relation) ?? [])];
  }

  /**
   * Replaces a channel's subscriptions, and says whether it listens to other tables than before.
   *
   * @param {import("./channel.mjs").Channel} channel
   * @param {import("./tokens.mjs").Claims} claims
   * @param {{binding: import("./filters.mjs").Binding, relations: number[]}[]} bindings
   */
  set(channel, claims, bindings) {
    const before = this.#relationsOf(channel);
    this.delete(channel);
    const text = JSON.stringify(claims);
    const viewer = `${claims.role} ${text}`;
    const entries = bindings.flatMap(({ binding, relations }) => {
      const subscription = { channel, binding, role: claims.role, claims: text, viewer };
      return relations.map((relation) => /** @type {[number, Subscription]} */ ([relation, subscription]));
    });
    for (const [relation, subscription] of entries) {
      if (!this.#byRelation.has(relation)) this.#byRelation.set(relation, new Set());
      this.#byRelation.get(relation)?.add(subscription);
    }
    this.#byChannel.set(channel, entries);
    return this.#relationsOf(channel) !== before;
  }

  /** @param {import("./channel.mjs").Channel} channel */
  #relationsOf(channel) {
    return (this.#byChannel.get(channel) ?? []).map(([relation]) => relation).join();
  }

  /** @param {import("./channel.mjs").Channel} channel */
  delete(channel) {
    for (const [relation, subscription] of this.#byChannel.get(channel) ?? []) {
      const subscriptions = this.#byRelation.get(relation);
      subscriptions?.delete(subscription);
      if (subscriptions?.size === 0) this.#byRelation.delete(relation);
    }
    this.#byChannel.delete(channel);
  }

  clear() {
    this.#byRelation.clear();
    this.#byChannel.clear();
  }
}
