// The page's one line to the box: server-sent events, taken up again whenever it breaks.
//
// Dispatches "state" and "event" with what came as `detail`, "live" when the line is up (again),
// and "lost" when the box does not answer. A hidden tab holds no line: browsers allow six
// connections a host, all tabs together.

import { ask } from "./api.js";

const QUIET = 5000; // without a word for so long, the box is asked whether it is there
const DEAD = 20000; // and after so long the line is dead, even if the box is there
const RETRY = 2000;

export class Connection extends EventTarget {
  live = false;
  #source = null;
  #spoke = 0;
  #timer = 0;

  constructor() {
    super();
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#rest() : this.open()));
    window.addEventListener("pagehide", () => this.#rest());
    window.addEventListener("pageshow", () => this.open());
    window.addEventListener("online", () => this.open());
  }

  open() {
    if (document.hidden || this.#source) return;
    this.#source = new EventSource("/api/events");
    this.#spoke = 0;
    for (const type of ["state", "event"])
      this.#source.addEventListener(type, ({ data }) => {
        this.#spoke = Date.now();
        this.#listen();
        this.#tell(type, JSON.parse(data));
      });
    this.#source.addEventListener("error", () => this.#fail(this.#spoke ? 200 : RETRY));
    this.#listen();
  }

  #tell(type, detail) {
    if (!this.live) {
      this.live = true;
      this.dispatchEvent(new Event("live"));
    }
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #after(wait, task) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(task, wait);
  }

  #listen() {
    const source = this.#source;
    this.#after(QUIET, async () => {
      const there = await ask("/api/version", { cache: "no-store" }).catch(() => null);
      if (this.#source !== source) return;
      if (there && Date.now() - this.#spoke < DEAD) this.#listen();
      else this.#fail(0);
    });
  }

  // What else came over the line's way broke as well, if it was a line at all: a box with too
  // many listeners refuses it, and is asked from time to time instead.
  #fail(wait) {
    if (this.#spoke) this.live = false;
    this.#hangUp();
    this.#after(wait, () => this.#retry());
  }

  // By a question: its answer says whether the session is over, which an EventSource does not.
  async #retry() {
    if (document.hidden) return;
    const state = await ask("/api/state", { cache: "no-store" }).catch(() => null);
    if (document.hidden || this.#source) return;
    if (state) {
      this.#tell("state", state);
      this.open();
      return;
    }
    this.live = false;
    this.dispatchEvent(new Event("lost"));
    this.#after(RETRY * (0.75 + Math.random() / 2), () => this.#retry());
  }

  #rest() {
    this.live = false;
    this.#hangUp();
  }

  #hangUp() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }
}
