// One camera's card: how it is doing, who is there, and its two switches.

import { command } from "./api.js";
import { element, FaceList, write } from "./faces.js";
import { Timeline } from "./timeline.js";

// What lies over the picture while there is none, or an old one.
const VEILS = {
  paused: "Paused: nothing is looked at, and nothing is shown.",
  starting: "Starting",
  stalled: "The camera sends no new picture.",
  reconnecting: "The camera is lost. Connecting again.",
  offline: "The camera does not answer. It is still being tried.",
  ended: "The clip has ended.",
  lost: "No connection to the box.",
};

const PRIVATE = {
  anonymous: "Privacy mode “anonymous”: no pictures, and nobody can be told from others.",
  aggregate: "Privacy mode “aggregate”: no pictures, only how many people show what.",
};

export class Card {
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
    this.pause.addEventListener("click", () => this.#send(this.state.paused ? "resume" : "pause"));
    this.detector.addEventListener("click", () =>
      this.#send(this.state.detector ? "detector off" : "detector on"));
  }

  // The word for how the camera is doing.
  static status(camera) {
    return camera.paused ? "paused" : camera.status;
  }

  // Show what the box tells of the camera.
  show(camera) {
    this.state = camera;
    const status = Card.status(camera);
    const hidden = camera.privacy !== "full";
    this.pictures.offer(this.name, camera.picture && !hidden, status === "online" && camera.fps > 0);
    this.#mark(status, hidden ? PRIVATE[camera.privacy] : null);
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

  // Show that the box is gone.
  lose() {
    this.#mark("lost", null);
    this.faces.show([], "Nothing is known now.");
    for (const figure of this.card.querySelectorAll(".figures dd")) write(figure, "–");
  }

  #mark(status, reason) {
    if (this.card.dataset.status !== status) this.card.dataset.status = status;
    write(this.card.querySelector(".status .word"), status === "lost" ? "no connection" : status);
    const lost = status === "lost";
    this.pause.disabled = this.detector.disabled = lost || !this.state;
    const veil = this.card.querySelector(".veil");
    const words = reason && ["online", "starting"].includes(status) ? reason : VEILS[status];
    const text = words ?? (this.image.hidden ? "Waiting for a picture" : "");
    write(veil, text);
    veil.hidden = !text;
    this.card.querySelector(".enlarge").disabled = this.image.hidden;
    this.card.classList.toggle("private", Boolean(reason));
  }

  #figures(camera) {
    const { connection } = camera;
    const figures = {
      fps: `${camera.fps.toFixed(1)} fps`,
      latency: camera.latency === null ? "–" : `${Math.round(camera.latency * 1000)} ms`,
      online: `${percent(connection.online)} ${connection.quality}`,
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

  async #send(words) {
    this.fault.hidden = true;
    this.pause.disabled = this.detector.disabled = true;
    try {
      this.show(await command(this.name, words));
    } catch (error) {
      this.fault.textContent = `That did not work: ${error.message}`;
      this.fault.hidden = false;
      this.pause.disabled = this.detector.disabled = false;
    }
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
function percent(part) {
  return `${Math.floor(part * 1000) / 10} %`;
}
