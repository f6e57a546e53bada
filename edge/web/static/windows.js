// Windows of one browser share its six connections to a host; they tell each other that they
// are there.

const TURN = 2000;
const GONE = 3 * TURN;

// Each has a line of its own to the box, and somebody must be able to ask for more.
const STREAMS = [4, 1];

export class Windows extends EventTarget {
  #id = Math.random();
  #channel = new BroadcastChannel("edge-fer");
  #others = new Map();

  constructor() {
    super();
    this.#channel.addEventListener("message", ({ data }) => this.#hear(data));
    document.addEventListener("visibilitychange", () => this.#say());
    window.addEventListener("pagehide", () => this.#say(false));
    window.addEventListener("pageshow", () => this.#say());
    setInterval(() => this.#turn(), TURN);
    this.#say();
  }

  // How many streams this window may have.
  get streams() {
    return STREAMS[this.#others.size] ?? 0;
  }

  #say(shown = !document.hidden) {
    this.#channel.postMessage({ id: this.#id, shown });
  }

  #hear({ id, shown }) {
    const known = this.#others.has(id);
    if (shown) this.#others.set(id, performance.now());
    else this.#others.delete(id);
    if (known === shown) return;
    this.dispatchEvent(new Event("change"));
    if (shown) this.#say();
  }

  #turn() {
    if (!document.hidden) this.#say();
    for (const [id, heard] of this.#others)
      if (performance.now() - heard > GONE) this.#hear({ id, shown: false });
  }
}
