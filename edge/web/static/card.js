// One camera's card: how it is doing, who is there, and its two switches.

import { command } from "./api.js";
import { element, write } from "./dom.js";
import { FaceList } from "./faces.js";
import { statusOf } from "./summary.js";
import { Timeline } from "./timeline.js";
import { veil, veilFor } from "./veil.js";

// A camera that is online and gives no picture for so long gets words over the old one.
const STILL = 5000;

// Dispatches "mark" on its element when `status` or what lies over the picture may be other ones.
export class Card {
  #unknown = "connecting"; // why `state` says nothing of now
  #still = false;
  #timer = 0;
  #busy = false;

  constructor(card, colours, pictures) {
    this.card = card;
    this.name = card.dataset.camera;
    this.pictures = pictures;
    this.image = card.querySelector(".enlarge img");
    this.faces = new FaceList(card.querySelector(".faces"), colours);
    this.timeline = new Timeline(card, colours);
    this.pause = card.querySelector(".pause");
    this.detector = card.querySelector(".detector");
    this.fault = card.querySelector(".fault");
    this.state = null;
    pictures.add(this.name, this.image);
    for (const type of ["load", "error"]) this.image.addEventListener(type, () => this.#mark());
    this.pause.addEventListener("click", () => this.#send(({ paused }) => (paused ? "resume" : "pause")));
    this.detector.addEventListener("click", () =>
      this.#send(({ detector }) => (detector ? "detector off" : "detector on")));
  }

  // How the camera is doing, or why that is not known.
  get status() {
    return this.#unknown ?? (this.#still ? "still" : statusOf(this.state));
  }

  // What lies over the picture.
  get veil() {
    return veilFor(this.status, this.state?.privacy);
  }

  // Show what the box tells of the camera.
  show(camera) {
    this.state = camera;
    this.#unknown = null;
    const seen = camera.privacy === "full";
    const online = statusOf(camera) === "online";
    this.#watch(seen && online && camera.fps === 0);
    this.pictures.offer(this.name, camera.picture && seen, online && camera.fps > 0);
    this.#mark();
    this.#figures(camera);
    this.faces.show(camera.faces, instead(camera));
    this.pause.setAttribute("aria-label", `${camera.paused ? "Resume" : "Pause"} ${this.name}`);
    write(this.pause.querySelector("span"), camera.paused ? "Resume" : "Pause");
    this.detector.setAttribute("aria-checked", String(camera.detector));
    this.#model(camera.model);
  }

  // Whether it can be seen, for the most part.
  get visible() {
    return this.pictures.inView(this.name);
  }

  // Bring the timeline up to date.
  async refresh() {
    if (this.state) await this.timeline.refresh(this.state.privacy !== "aggregate");
  }

  // Show that what is known of the camera is old: the page is "connecting" to the box, or it is
  // "lost".
  age(why) {
    this.#unknown = why;
    this.#watch(false);
    this.#mark();
    if (why === "connecting") return; // in a moment it is known again
    this.faces.show([], "Nothing is known now.");
    for (const figure of this.card.querySelectorAll(".figures dd")) write(figure, "–");
  }

  #watch(stands) {
    if (stands && this.#timer) return;
    clearTimeout(this.#timer);
    this.#still = false;
    const note = () => {
      this.#still = true;
      this.#mark();
    };
    this.#timer = stands ? setTimeout(note, STILL) : 0;
  }

  #mark() {
    const { status, veil: { words, hidden } } = this;
    if (this.card.dataset.status !== status) this.card.dataset.status = status;
    const said = { lost: "no connection", still: "online" }[status] ?? status;
    write(this.card.querySelector(".status .word"), said);
    // Not disabled: that would take the focus away.
    const idle = String(this.#busy || this.#unknown !== null);
    for (const button of [this.pause, this.detector]) button.setAttribute("aria-disabled", idle);
    this.card.querySelector(".enlarge").setAttribute("aria-disabled", String(this.image.hidden));
    this.card.classList.toggle("private", hidden);
    veil(this.card.querySelector(".screen"), words);
    this.card.dispatchEvent(new Event("mark"));
  }

  #figures(camera) {
    const { connection } = camera;
    const figures = {
      fps: `${camera.fps.toFixed(1)} fps`,
      latency: camera.latency === null ? "–" : `${Math.round(camera.latency * 1000)} ms`,
      online: `${exact(connection.online)} ${connection.quality}`,
      reconnects: String(connection.reconnects),
    };
    for (const [name, text] of Object.entries(figures)) write(this.card.querySelector(`.${name}`), text);
  }

  #model(model) {
    const list = this.card.querySelector(".model dl");
    const key = JSON.stringify(model);
    if (list.dataset.model === key) return;
    list.dataset.model = key;
    this.card.querySelector(".model").hidden = !model;
    write(this.card.querySelector(".model summary"), model ? `${model.name} on ${model.delegate}` : "");
    list.replaceChildren(...Object.entries(model ?? {}).filter(([, value]) => value).map(([name, value]) => {
      const pair = element("div");
      element("dt", "", pair).textContent = name;
      element("dd", "", pair).textContent = value;
      return pair;
    }));
  }

  async #send(choose) {
    if (this.#busy || this.#unknown) return;
    this.fault.hidden = true;
    this.#busy = true;
    this.#mark();
    try {
      this.show(await command(this.name, choose(this.state)));
    } catch (error) {
      this.fault.textContent = `That did not work: ${error.message}`;
      this.fault.hidden = false;
    }
    this.#busy = false;
    this.#mark();
  }
}

// What stands where faces would: privacy may allow no more than counts, or not even those.
function instead(camera) {
  if (camera.paused) return "Nobody is looked at.";
  if (!camera.detector) return "Faces are not looked for.";
  if (camera.status !== "online") return "Nobody can be seen.";
  if (camera.labels === null) return "Too few people to be counted.";
  const counts = Object.entries(camera.labels).map(([label, count]) => `${count} ${label}`);
  return counts.join(", ") || "No face.";
}

// 99.97 % is not 100 %.
function exact(part) {
  return `${Math.floor(part * 1000) / 10} %`;
}
