// Decides which pictures are live streams. Only cameras that are in view of a visible tab stream,
// four at most: a browser allows six connections a host, and the page needs two of them itself.
// The others show a still that is fetched anew every other second.

import { fingerprint } from "./pulse.js";

const STREAMS = 4;
const STILL = 2000;
const WIDTHS = [320, 480, 640, 960, 1280];
// After a stream was refused, because too many are watched say, stills do for a while.
const REFUSED = 10000;
// A stream of a camera that works, and shows the same picture for so long, is begun anew.
const FROZEN = 10000;

const FRESH = { shows: "", refused: 0, print: 0, since: 0 };

export class Pictures {
  #all = new Map();
  #large = null;
  #live = false;
  #seen;
  #sized;

  constructor() {
    this.#seen = new IntersectionObserver(entries => {
      for (const entry of entries) this.#named(entry.target).inView = entry.isIntersecting;
      this.#allot();
    }, { rootMargin: "25%" });
    this.#sized = new ResizeObserver(() => this.#allot());
    document.addEventListener("visibilitychange", () => this.#rest());
    setInterval(() => this.#refresh(), STILL);
  }

  // `image` names its stream and its still; it is `there` once the camera has a picture.
  add(name, image) {
    const picture = { image, there: false, moving: false, inView: false, ...FRESH };
    this.#all.set(name, picture);
    image.dataset.picture = name;
    image.addEventListener("error", () => this.#failed(picture));
    image.addEventListener("load", () => (image.hidden = false));
    this.#seen.observe(image.closest(".screen"));
    this.#sized.observe(image.closest(".screen"));
  }

  // Tell whether a camera has a picture that may be shown, and whether new ones come.
  offer(name, there, moving) {
    const picture = this.#all.get(name);
    picture.moving = moving;
    if (picture.there === there) return;
    picture.there = there;
    this.#allot();
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

  // Stream one camera into another, larger image, and nothing else; null ends that.
  enlarge(name, image) {
    if (this.#large) this.#set(this.#large, "");
    this.#large = null;
    if (name) {
      const { stream, snapshot } = this.#all.get(name).image.dataset;
      Object.assign(image.dataset, { stream, snapshot });
      this.#large = { image, moving: true, ...FRESH };
    }
    this.#allot();
  }

  #named(screen) {
    return this.#all.get(screen.querySelector("img").dataset.picture);
  }

  // Nobody looks: stills instead of streams, until the box is heard of again.
  #rest() {
    if (!document.hidden) return;
    for (const picture of this.#every()) if (streams(picture)) this.#set(picture, "still");
    this.#live = false;
  }

  #allot() {
    if (!this.#live) return; // the last pictures stay as they are
    let free = this.#large ? 0 : STREAMS;
    const now = Date.now();
    // Those that stream go on: nobody likes pictures that take turns.
    const wanting = [...this.#all.values()].sort((a, b) => streams(b) - streams(a));
    for (const picture of wanting) {
      if (!picture.there) this.#set(picture, "");
      else if (free && picture.inView && now > picture.refused) {
        free -= 1;
        this.#set(picture, "stream");
      } else if (streams(picture) || (picture.inView && !picture.shows)) this.#set(picture, "still");
    }
    if (this.#large) this.#set(this.#large, "stream");
  }

  #refresh() {
    this.#allot(); // some may have been refused
    if (!this.#live) return;
    for (const picture of this.#every())
      if (streams(picture)) this.#revive(picture);
      else if (picture.shows && picture.inView && picture.image.complete && !this.#large)
        this.#set(picture, "still");
  }

  #revive(picture) {
    if (!picture.image.naturalWidth) return;
    const print = fingerprint(picture.image);
    const now = Date.now();
    if (print !== picture.print || !picture.moving) Object.assign(picture, { print, since: now });
    if (now - picture.since < FROZEN) return;
    Object.assign(picture, { since: now, shows: "" });
    this.#set(picture, "stream");
  }

  #every() {
    return this.#large ? [...this.#all.values(), this.#large] : [...this.#all.values()];
  }

  #failed(picture) {
    if (!picture.image.hasAttribute("src")) return;
    if (!streams(picture)) {
      picture.image.hidden = true; // until the next still, in a moment
      return;
    }
    picture.refused = Date.now() + REFUSED;
    this.#allot();
  }

  #set(picture, shows) {
    const { image } = picture;
    const width = wanted(image);
    const key = shows === "stream" ? `stream ${width}` : shows;
    if (key === picture.shows && shows !== "still") return;
    picture.shows = key;
    if (!shows) {
      image.removeAttribute("src");
      image.hidden = true;
      return;
    }
    const path = shows === "stream" ? image.dataset.stream : image.dataset.snapshot;
    image.src = `${path}?width=${width}&t=${Date.now()}`;
  }
}

function streams(picture) {
  return picture.shows.startsWith("stream");
}

// The smallest width that is sharp on this screen; twice the dots are enough for the eye.
function wanted(image) {
  const place = image.closest(".screen, dialog");
  const dots = place.clientWidth * Math.min(window.devicePixelRatio, 2);
  return WIDTHS.find(width => width >= dots * 0.9) ?? WIDTHS.at(-1);
}
