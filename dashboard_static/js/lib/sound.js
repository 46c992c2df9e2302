// @ts-check
/** Two short tones, made here. Browsers stay silent until the person has touched the page. */

/** [Hz] by severity. */
const TONES = { critical: [880, 1175], warning: [660, 880], info: [523, 523] };
const TONE_S = 0.14;
const VOLUME = 0.2;

export function createSound() {
  const Audio = globalThis.AudioContext;
  /** @type {AudioContext | null} */
  let audio = null;

  /** @returns {"ready" | "waiting" | "none"} */
  function state() {
    if (Audio === undefined) return "none";
    return audio?.state === "running" ? "ready" : "waiting";
  }

  return {
    state,

    /** Call from a click or a key. @returns {Promise<void>} */
    async unlock() {
      if (Audio === undefined) return;
      try {
        audio ??= new Audio();
        if (audio.state !== "running") await audio.resume();
      } catch {
        // No audio device: it stays "waiting", and the page says so.
      }
    },

    /** @param {import("../types.js").Alert["severity"]} severity */
    play(severity) {
      if (audio === null || audio.state !== "running") return;
      const begin = audio.currentTime;
      TONES[severity].forEach((pitch, index) => {
        const at = begin + index * TONE_S * 1.3;
        const tone = new OscillatorNode(/** @type {AudioContext} */ (audio), { frequency: pitch });
        const volume = new GainNode(/** @type {AudioContext} */ (audio), { gain: 0 });
        volume.gain.setValueAtTime(0, at);
        volume.gain.linearRampToValueAtTime(VOLUME, at + 0.01);
        volume.gain.linearRampToValueAtTime(0, at + TONE_S);
        tone.connect(volume).connect(/** @type {AudioContext} */ (audio).destination);
        tone.start(at);
        tone.stop(at + TONE_S);
      });
    },

    close() {
      audio?.close().catch(() => undefined);
      audio = null;
    },
  };
}

/** @typedef {ReturnType<typeof createSound>} Sound */
