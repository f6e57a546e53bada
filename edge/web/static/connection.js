// The page's one line to the box: server-sent events, taken up again whenever it breaks.
//
// Dispatches "state" and "event" with what came as `detail`, "live" when the line is up (again),
// and "lost" when it is down. A hidden tab holds no line: browsers allow six a host in all.

import { ask } from "./api.js";

// The box speaks twice a second; a line that says nothing for so long is dead.
const SILENCE = 8000;
const RETRY = 2000;

export class Connection extends EventTarget {
  live = false;
  #source = null;
  #failures = 0;
  #timer = 0;

  constructor() {
    super();
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#close() : this.open()));
    window.addEventListener("pagehide", () => this.#close());
    window.addEventListener("pageshow", () => this.open());
    window.addEventListener("online", () => this.open());
  }

  open() {
    if (document.hidden || this.#source) return;
    clearTimeout(this.#timer);
    this.#source = new EventSource("/api/events");
    this.#source.addEventListener("state", message => this.#hear("state", message));
    this.#source.addEventListener("event", message => this.#hear("event", message));
    this.#source.addEventListener("error", () => this.#fail());
    this.#expect();
  }

  #hear(type, message) {
    this.#expect();
    this.#failures = 0;
    if (!this.live) {
      this.live = true;
      this.dispatchEvent(new Event("live"));
    }
    this.dispatchEvent(new CustomEvent(type, { detail: JSON.parse(message.data) }));
  }

  #expect() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fail(), SILENCE);
  }

  #close() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
    this.live = false;
  }

  // A line that breaks once is taken up before anybody is told. The box is asked first: it says
  // whether the session is over, which an EventSource does not.
  #fail() {
    this.#close();
    this.#failures += 1;
    if (this.#failures > 1) this.dispatchEvent(new Event("lost"));
    const wait = this.#failures > 1 ? RETRY * (0.75 + Math.random() / 2) : 200;
    this.#timer = setTimeout(async () => {
      if (document.hidden) return;
      try {
        await ask("/api/version", { cache: "no-store" });
      } catch {
        if (!this.#source) this.#fail();
        return;
      }
      this.open();
    }, wait);
  }
}
