// Decides which pictures are live streams. Only cameras that are in view of a visible tab stream,
// as many as the windows that share the connections leave to this one. The others show a still that
// is fetched anew every other second.

import { at } from "./api.js";
import { fingerprint } from "./pulse.js";
import { Windows } from "./windows.js";

const STILL = 2000;
// After a stream was refused, because too many are watched say, stills do for a while.
const REFUSED = 10000;
// A stream of a camera that works, and shows the same picture for so long, is begun anew.
const FROZEN = 10000;

export class Pictures {
  #all = new Map();
  #large;
  #live = false;
  #widths;
  #windows = new Windows();
  #seen;
  #sized;

  // `widths` are those that the box makes pictures of; `large` is the image for `enlarge`.
  constructor(widths, large) {
    this.#widths = widths;
    this.#large = this.#picture(large, null);
    this.#large.inView = true;
    this.#seen = new IntersectionObserver(entries => {
      for (const { target, isIntersecting } of entries)
        this.#all.get(target.dataset.picture).inView = isIntersecting;
      this.#allot();
    }, { rootMargin: "25%" });
    this.#sized = new ResizeObserver(() => this.#allot());
    document.addEventListener("visibilitychange", () => this.#rest());
    this.#windows.addEventListener("change", () => this.#allot());
    setInterval(() => this.#refresh(), STILL);
  }

  // Show the pictures of a camera in `image`.
  add(name, image) {
    this.#all.set(name, this.#picture(image, name));
    const screen = image.closest(".screen");
    screen.dataset.picture = name;
    this.#seen.observe(screen);
    this.#sized.observe(screen);
  }

  // Tell whether a camera has a picture that may be shown, and whether new ones come.
  offer(name, there, moving) {
    const before = this.#all.get(name).there;
    for (const picture of [this.#all.get(name), this.#large])
      if (picture.name === name) Object.assign(picture, { there, moving });
    if (before !== there) this.#allot();
  }

  // The box is there (again), or not: streams do not come back by themselves.
  set live(live) {
    this.#live = live;
    if (live) for (const picture of this.#every()) picture.shows = "";
    this.#allot();
  }

  // Whether the place of a camera's picture can be seen.
  inView(name) {
    return this.#all.get(name).inView;
  }

  // Stream one camera into the large image, and nothing else; null ends that.
  enlarge(name) {
    this.#set(this.#large, "");
    const { there = false, moving = false } = this.#all.get(name) ?? {};
    Object.assign(this.#large, { name, there, moving, refused: 0, print: 0 });
    this.#allot();
  }

  #picture(image, name) {
    const picture = {
      image, name, there: false, moving: false, inView: false,
      shows: "", refused: 0, print: 0, since: 0,
    };
    image.addEventListener("error", () => this.#failed(picture));
    image.addEventListener("load", () => (image.hidden = false));
    return picture;
  }

  // Nobody looks: stills instead of streams, until the box is heard of again.
  #rest() {
    if (!document.hidden) return;
    for (const picture of this.#every()) if (streams(picture)) this.#set(picture, "still");
    this.#live = false;
  }

  #allot() {
    if (!this.#live) return; // the last pictures stay as they are
    const enlarged = this.#large.name !== null;
    let free = Math.min(this.#windows.streams, enlarged ? 1 : Infinity);
    // Those that stream go on: nobody likes pictures that take turns.
    for (const picture of this.#every().sort((a, b) => streams(b) - streams(a))) {
      const first = !enlarged || picture === this.#large;
      if (!picture.there) this.#set(picture, "");
      else if (first && free && picture.inView && performance.now() >= picture.refused) {
        free -= 1;
        this.#set(picture, "stream");
      } else if (streams(picture) || (picture.inView && !picture.shows)) this.#set(picture, "still");
    }
  }

  #refresh() {
    this.#allot(); // some may have been refused
    if (!this.#live) return;
    const shown = this.#large.name === null ? this.#every() : [this.#large];
    for (const picture of shown)
      if (streams(picture)) this.#revive(picture);
      else if (picture.shows && picture.inView && picture.image.complete) this.#set(picture, "still");
  }

  #revive(picture) {
    if (!picture.image.naturalWidth) return;
    const print = fingerprint(picture.image);
    const now = performance.now();
    if (print !== picture.print || !picture.moving) Object.assign(picture, { print, since: now });
    if (now - picture.since < FROZEN) return;
    Object.assign(picture, { since: now, shows: "" });
    this.#set(picture, "stream");
  }

  #every() {
    return [...this.#all.values(), ...(this.#large.name === null ? [] : [this.#large])];
  }

  #failed(picture) {
    if (!picture.image.hasAttribute("src")) return;
    if (!streams(picture)) {
      picture.image.hidden = true; // until the next still, in a moment
      return;
    }
    picture.refused = performance.now() + REFUSED;
    this.#allot();
  }

  #set(picture, shows) {
    const { image, name } = picture;
    const width = this.#width(image);
    const key = shows === "stream" ? `stream ${width}` : shows;
    if (key === picture.shows && shows !== "still") return;
    picture.shows = key;
    if (!shows) {
      image.removeAttribute("src");
      image.hidden = true;
      return;
    }
    const file = shows === "stream" ? "stream.mjpg" : "snapshot.jpg";
    image.src = at(`/cameras/${name}/${file}?width=${width}&t=${Date.now()}`);
  }

  // The smallest width that is sharp on this screen; twice the dots are enough for the eye.
  #width(image) {
    const dots = image.closest(".screen").clientWidth * Math.min(window.devicePixelRatio, 2);
    return this.#widths.find(width => width >= dots * 0.9) ?? this.#widths.at(-1);
  }
}

function streams(picture) {
  return picture.shows.startsWith("stream");
}
