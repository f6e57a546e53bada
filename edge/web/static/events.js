// What happened, newest first, in words.

import { element, write } from "./dom.js";
import { span, when } from "./words.js";

const KEPT = 200;
const SHOWN = 12;

export class Events {
  #entries = [];
  #keys = new Set();
  #shown = SHOWN;
  #pending = 0;
  // How far the box's clock is ahead of this one, in milliseconds.
  ahead = 0;

  constructor(panel, colours, oneCamera) {
    this.list = panel.querySelector("ol");
    this.empty = panel.querySelector(".empty");
    this.fault = panel.querySelector(".fault");
    this.more = panel.querySelector(".more");
    this.colours = colours;
    this.oneCamera = oneCamera;
    this.more.addEventListener("click", () => {
      this.#shown += SHOWN * 2;
      this.#draw();
    });
  }

  // What stands where no event is; nothing, while that is not known.
  set instead(words) {
    write(this.empty, words);
    this.#draw();
  }

  // Whether some events could not be fetched.
  set gap(there) {
    this.fault.hidden = !there;
  }

  // Take an event of the box; one that is known already changes nothing.
  add(event) {
    const key = `${event.camera} ${event.run} ${event.number}`;
    if (this.#keys.has(key)) return;
    this.#put({
      key, time: Date.parse(event.time), camera: event.camera,
      words: describe(event), label: event.face.label,
    });
  }

  // Take something that the page itself saw; `status` is of a camera, or of the box.
  note(camera, words, status, time = Date.now() + this.ahead) {
    this.#put({ key: `${time} ${camera} ${words}`, time, camera, words, status });
  }

  #put(entry) {
    this.#keys.add(entry.key);
    this.#entries.push(entry);
    this.#entries.sort((a, b) => b.time - a.time);
    for (const old of this.#entries.splice(KEPT)) this.#keys.delete(old.key);
    this.#pending ||= requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.#pending = 0;
    const items = new Map([...this.list.children].map(item => [item.dataset.key, item]));
    const entries = this.#entries.slice(0, this.#shown);
    this.list.replaceChildren(...entries.map(entry => items.get(entry.key) ?? this.#item(entry)));
    for (const [index, entry] of entries.entries())
      write(this.list.children[index].querySelector("time"), when(entry.time, Date.now()));
    this.empty.hidden = entries.length > 0 || !this.empty.textContent;
    this.more.hidden = this.#entries.length <= entries.length;
  }

  #item(entry) {
    const item = element("li");
    item.dataset.key = entry.key;
    if (entry.label) element("span", "swatch", item).style.backgroundColor = this.colours[entry.label];
    else element("span", "dot", item);
    item.dataset.status = entry.status ?? "";
    element("p", "", item).textContent = entry.words;
    const below = element("p", "quiet", item);
    element("time", "", below).dateTime = new Date(entry.time).toISOString();
    if (entry.camera && !this.oneCamera) below.append(` · ${entry.camera}`);
    return item;
  }
}

function describe({ event, face, previous, duration }) {
  // Without a place there is no telling who is who, and the number is drawn by chance.
  const who = face.box ? `Face ${face.track}` : "A face";
  if (event === "appeared") return `${who} appeared: ${face.label}`;
  if (event === "changed")
    return `${who} changed from ${previous} to ${face.label} after ${span(duration)}`;
  return `${who} left, after ${span(duration)} of ${face.label}`;
}
