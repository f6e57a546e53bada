// A photo of the user's: its faces, framed, and what each shows.

import { ask } from "./api.js";
import { FaceList } from "./faces.js";
import { prepare } from "./photo.js";

// A box that is busy, and a phone's slow upload.
const SECONDS = 60;

const REFUSALS = {
  413: "This photo is too large for the box",
  415: "This kind of file is no picture for the box",
  422: "This is no picture that can be read",
  400: "This is no picture that can be read",
  429: "The box is busy: try again in a moment",
  503: "The box is busy: try again in a moment",
};

export class Predict {
  #upload = null;

  constructor(panel, colours) {
    this.panel = panel;
    this.colours = colours;
    this.drop = panel.querySelector(".drop");
    this.input = panel.querySelector("input[type=file]");
    this.select = panel.querySelector("select");
    this.progress = panel.querySelector(".progress");
    this.fault = panel.querySelector(".fault");
    this.result = panel.querySelector(".result");
    this.canvas = panel.querySelector("canvas");
    this.faces = new FaceList(panel.querySelector(".faces"), colours);
    this.input.addEventListener("change", () => {
      this.#take(this.input.files);
      this.input.value = ""; // the same photo may be chosen again
    });
    for (const type of ["dragenter", "dragover", "dragleave", "drop"])
      this.drop.addEventListener(type, event => this.#drag(event));
    // A photo that misses the zone must not take the page's place.
    for (const type of ["dragover", "drop"])
      window.addEventListener(type, event => event.preventDefault());
  }

  #drag(event) {
    event.preventDefault();
    this.drop.classList.toggle("over", event.type === "dragenter" || event.type === "dragover");
    if (event.type === "drop") this.#take(event.dataTransfer.files);
  }

  #take([file, ...others]) {
    if (file) this.#read(file, others.length ? " Only the first photo was taken." : "");
  }

  // Read a photo, instead of one that is on its way; `besides` is said at the end.
  async #read(file, besides) {
    this.#upload?.abort();
    const upload = (this.#upload = new AbortController());
    const late = new DOMException("late", "TimeoutError");
    const timer = setTimeout(() => upload.abort(late), SECONDS * 1000);
    this.fault.hidden = this.result.hidden = true;
    this.progress.textContent = `Reading ${file.name}`;
    this.panel.setAttribute("aria-busy", "true");
    const { body, type, picture } = await prepare(file);
    let words = "";
    try {
      const found = await ask(`/api/predict?camera=${this.select.value}`, {
        method: "POST", headers: { "Content-Type": type }, body, signal: upload.signal,
      });
      if (this.#upload === upload) words = this.#show(file.name, picture, found) + besides;
    } catch (error) {
      if (this.#upload === upload) this.fault.textContent = explain(error);
    }
    clearTimeout(timer);
    picture?.close();
    if (this.#upload !== upload) return;
    this.fault.hidden = Boolean(words);
    this.progress.textContent = words;
    this.panel.removeAttribute("aria-busy");
  }

  // Returns what was found in a few words.
  #show(name, picture, { width, height, model, faces }) {
    const { canvas } = this;
    const scale = Math.min(1, 1280 / width);
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    const pen = canvas.getContext("2d");
    // Where this browser cannot read the photo, or turns it otherwise, the frames stand alone.
    if (picture && alike(picture.width / picture.height, width / height))
      pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
    faces.forEach((face, index) => this.#frame(pen, face, index + 1, scale));
    const count = faces.length === 1 ? "1 face" : `${faces.length || "no"} faces`;
    canvas.setAttribute("aria-label", `${name} with ${count}`);
    this.faces.show([], "");
    this.faces.show(faces.map((face, index) => ({ track: index + 1, ...face })), "");
    this.faces.list.hidden = !faces.length;
    this.result.hidden = false;
    return faces.length ? `${count}, read by ${model.name}.` : "No face was found.";
  }

  // Drawn as wide as the picture is shown, whatever its own size.
  #frame(pen, face, number, scale) {
    const [left, top, width, height] = face.box.map(part => part * scale);
    const unit = pen.canvas.width / 100;
    pen.lineWidth = unit * 0.8;
    pen.strokeStyle = this.colours[face.label];
    pen.beginPath();
    pen.roundRect(left, top, width, height, unit * 2);
    pen.stroke();
    const words = `${number} ${face.label}`;
    pen.font = `600 ${unit * 4}px system-ui, sans-serif`;
    const wide = pen.measureText(words).width + unit * 3;
    const high = unit * 6;
    const x = Math.max(0, Math.min(left, pen.canvas.width - wide));
    const y = top >= high ? top - high : Math.min(top + height, pen.canvas.height - high);
    pen.fillStyle = "rgb(15 19 22 / 85%)";
    pen.beginPath();
    pen.roundRect(x, y, wide, high, unit * 1.5);
    pen.fill();
    pen.fillStyle = "#fff";
    pen.textBaseline = "middle";
    pen.fillText(words, x + unit * 1.5, y + high / 2);
  }
}

// Rounding to whole pixels aside.
function alike(shape, other) {
  return Math.abs(Math.log(shape / other)) < 0.02;
}

function explain(error) {
  if (error.name === "TimeoutError") return "The box took too long: try again in a moment.";
  if (error.status === undefined) return "The photo did not reach the box: it may be too large.";
  const words = REFUSALS[error.status] ?? "That did not work";
  return `${words} (${error.message}).`;
}
