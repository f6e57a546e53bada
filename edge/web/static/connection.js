// The page's one line to the box: server-sent events, taken up again whenever it breaks.
//
// Dispatches "state" and "event" with what came as `detail`, and of the line itself: "wait" while
// nothing is known yet, "live" when it is up (again), "lost" when the box does not answer; "whole"
// when no event is missing, and "gap" when some could not be fetched. A hidden tab holds no line:
// browsers allow six connections a host, all tabs together.

import { ask, at } from "./api.js";

const QUIET = 5000; // without a word for so long, the box is asked whether it is there
const DEAD = 20000; // and after so long the line is dead, even if the box is there
const PATIENCE = 3000;
const RETRY = 2000;
const KEPT = 200; // of the events before this page

export class Connection extends EventTarget {
  live = false;
  #source = null;
  #last = null; // the newest event that came
  #heard = 0;
  #timer = 0;
  #turn = 0; // answers to questions of an earlier turn count no more

  constructor() {
    super();
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#rest() : this.open()));
    window.addEventListener("pagehide", () => this.#rest());
    window.addEventListener("pageshow", () => this.open());
    window.addEventListener("online", () => this.open());
    window.addEventListener("offline", () => this.#doubt());
  }

  open() {
    if (document.hidden || this.#source) return;
    if (!this.live) this.dispatchEvent(new Event("wait"));
    this.#begin();
  }

  // By questions: an EventSource says neither that the session is over nor that nobody answers.
  // A box with too many listeners refuses it, and goes on being asked.
  async #begin() {
    this.#hangUp();
    if (document.hidden) return;
    const turn = this.#turn;
    const state = await question("/api/state");
    if (turn !== this.#turn) return;
    if (!state) {
      this.#lose();
      return;
    }
    this.#tell("state", state);
    const whole = await this.#catchUp();
    if (turn !== this.#turn) return;
    this.dispatchEvent(new Event(whole ? "whole" : "gap"));
    if (whole) this.#listen();
    else this.#after(RETRY, () => this.#begin());
  }

  // Fetch the events that were missed.
  async #catchUp() {
    const which = this.#last === null ? `limit=${KEPT}` : `after=${this.#last}`;
    const history = await question(`/api/events/history?${which}`);
    for (const event of history?.events ?? []) this.#tell("event", event);
    this.#last = history?.last ?? this.#last;
    return history !== null;
  }

  #listen() {
    const source = new EventSource(at(`/api/events?after=${this.#last}`));
    let spoke = false;
    this.#source = source;
    this.#heard = performance.now();
    for (const type of ["state", "event"])
      source.addEventListener(type, ({ data, lastEventId }) => {
        spoke = true;
        this.#heard = performance.now();
        if (type === "event") this.#last = lastEventId;
        this.#watch();
        this.#tell(type, JSON.parse(data));
      });
    source.addEventListener("error", () => {
      // What else came over the line's way broke as well, if it was a line at all.
      if (spoke) this.live = false;
      this.#hangUp();
      this.#after(spoke ? 200 : RETRY, () => this.#begin());
    });
    this.#watch();
  }

  #watch() {
    this.#after(QUIET, () => this.#doubt());
  }

  async #doubt() {
    if (!this.#source) return;
    const turn = this.#turn;
    const there = await question("/api/version");
    const quiet = performance.now() - this.#heard;
    if (turn !== this.#turn) return;
    if (!there && quiet > PATIENCE) this.#lose();
    else if (quiet < DEAD) this.#watch();
    else {
      this.live = false;
      this.#begin();
    }
  }

  #tell(type, detail) {
    if (!this.live) {
      this.live = true;
      this.dispatchEvent(new Event("live"));
    }
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #lose() {
    this.#rest();
    this.dispatchEvent(new Event("lost"));
    this.#after(RETRY * (0.75 + Math.random() / 2), () => this.#begin());
  }

  #rest() {
    this.live = false;
    this.#hangUp();
  }

  #hangUp() {
    this.#turn += 1;
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  #after(wait, task) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(task, wait);
  }
}

function question(path) {
  const options = { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) };
  return ask(path, options).catch(() => null);
}
