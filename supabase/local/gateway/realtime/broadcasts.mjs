import { encodeBroadcast, JSON_ENCODING } from "./serializer.mjs";

/** Messages from one client to the others on its public topic. Nothing is stored. */
export class Broadcasts {
  /** @type {Map<string, Set<import("./channel.mjs").Channel>>} */
  #byTopic = new Map();

  /** @param {import("./channel.mjs").Channel} channel */
  add(channel) {
    const channels = this.#byTopic.get(channel.topic) ?? new Set();
    this.#byTopic.set(channel.topic, channels.add(channel));
  }

  /** @param {import("./channel.mjs").Channel} channel */
  delete(channel) {
    const channels = this.#byTopic.get(channel.topic);
    channels?.delete(channel);
    if (channels?.size === 0) this.#byTopic.delete(channel.topic);
  }

  /**
   * A broadcast that came as text goes on as text.
   *
   * @param {import("./channel.mjs").Channel} sender
   * @param {Record<string, unknown>} payload
   */
  sendText(sender, payload) {
    const text = JSON.stringify(payload);
    for (const channel of this.#receivers(sender)) {
      channel.socket.send({ topic: channel.topic, event: "broadcast" }, text);
    }
  }

  /**
   * One that came as a binary frame goes on as one, or as text to version 1.0.0, which has no form for bytes.
   *
   * @param {import("./channel.mjs").Channel} sender
   * @param {import("./serializer.mjs").UserBroadcast} broadcast
   */
  sendBinary(sender, broadcast) {
    const { event, encoding, bytes } = broadcast;
    const frame = encodeBroadcast(sender.topic, broadcast);
    for (const { socket, topic } of this.#receivers(sender)) {
      if (socket.version === "2.0.0") socket.sendFrame(frame);
      else if (encoding === JSON_ENCODING) {
        const payload = `{"event":${JSON.stringify(event)},"payload":${bytes.toString("utf8")},"type":"broadcast"}`;
        socket.send({ topic, event: "broadcast" }, payload);
      }
    }
  }

  /** @param {import("./channel.mjs").Channel} sender */
  #receivers(sender) {
    const channels = [...(this.#byTopic.get(sender.topic) ?? [])];
    return channels.filter((channel) => channel !== sender || sender.options.selfBroadcast);
  }
}
