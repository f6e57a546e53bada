// The emotions of the last ten minutes at one camera, drawn as stacked bars. A slider lies over
// the drawing: pointer, finger and arrow keys move it, and a screen reader reads its words.

import { ask } from "./api.js";
import { element, write } from "./dom.js";
import { clock, percent } from "./words.js";

export class Timeline {
  #data = null;

  constructor(card, colours) {
    this.name = card.dataset.camera;
    this.colours = colours;
    this.box = card.querySelector(".timeline");
    this.canvas = this.box.querySelector("canvas");
    this.slider = this.box.querySelector("input");
    this.tip = this.box.querySelector(".tip");
    this.legend = card.querySelector(".legend");
    this.slider.addEventListener("pointermove", event => this.#point(event));
    this.slider.addEventListener("pointerdown", event => this.#point(event));
    this.slider.addEventListener("pointerleave", () => this.#tell(false));
    this.slider.addEventListener("input", () => this.#tell(true));
    this.slider.addEventListener("focus", () => {
      if (this.slider.matches(":focus-visible")) this.#tell(true);
    });
    this.slider.addEventListener("blur", () => this.#tell(false));
    new ResizeObserver(() => this.#draw()).observe(this.canvas);
  }

  // Fetch it anew; `kept` is whether privacy allows that it is kept at all.
  async refresh(kept) {
    this.box.hidden = !kept;
    if (kept) this.#data = await ask(`/api/cameras/${this.name}/timeline`);
    this.#draw();
    this.#list(kept);
    // A screen reader would say it anew every time.
    this.#tell(!this.tip.hidden, document.activeElement !== this.slider);
  }

  #draw() {
    const { width, height } = this.canvas.getBoundingClientRect();
    if (!this.#data || !width) return;
    const dots = window.devicePixelRatio;
    this.canvas.width = Math.round(width * dots);
    this.canvas.height = Math.round(height * dots);
    const { step, labels, seconds } = this.#data;
    const pen = this.canvas.getContext("2d");
    const wide = this.canvas.width / seconds.length;
    // One face all the time fills two thirds; more of them shrink the scale.
    const most = Math.max(step * 1.5, ...seconds.map(sum));
    seconds.forEach((row, index) => {
      const left = Math.round(index * wide);
      const right = Math.round((index + 1) * wide) - (wide > 3 ? 1 : 0);
      let below = 0;
      row.forEach((part, label) => {
        const foot = Math.round((1 - below / most) * this.canvas.height);
        below += part;
        const top = Math.round((1 - below / most) * this.canvas.height);
        pen.fillStyle = this.colours[labels[label]];
        pen.fillRect(left, top, right - left, foot - top);
      });
    });
  }

  // Legend and summary in one: it says the same to those who do not see the drawing. Shares, for
  // the seconds of several faces add up to more than there were.
  #list(kept) {
    const { labels, seconds } = this.#data ?? { labels: [], seconds: [] };
    const totals = labels.map((label, index) => [label, sum(seconds.map(row => row[index]))]);
    const shown = totals.filter(([, total]) => total > 0).sort((a, b) => b[1] - a[1]);
    const all = sum(shown.map(([, total]) => total));
    const share = total => percent(Math.max(total / all, 0.01));
    const words = shown.map(([label, total]) => `${label} ${share(total)}`).join();
    const empty = kept ? "Nobody was seen." : "No timeline in this privacy mode.";
    if (this.legend.dataset.words === (words || empty)) return;
    this.legend.dataset.words = words || empty;
    if (!shown.length) {
      const item = element("li", "quiet");
      item.textContent = empty;
      this.legend.replaceChildren(item);
      return;
    }
    this.legend.replaceChildren(...shown.map(([label, total]) => {
      const item = element("li");
      element("span", "swatch", item).style.backgroundColor = this.colours[label];
      item.append(`${label} `);
      element("span", "quiet", item).textContent = share(total);
      return item;
    }));
  }

  #point(event) {
    const { left, width } = this.slider.getBoundingClientRect();
    const place = Math.floor(((event.clientX - left) / width) * (Number(this.slider.max) + 1));
    this.slider.value = String(place);
    this.#tell(true);
  }

  #tell(visible, aloud = true) {
    this.tip.hidden = !visible || !this.#data;
    if (!this.#data) return;
    const { step, until, labels, seconds } = this.#data;
    const index = Number(this.slider.value);
    const moment = new Date(Date.parse(until) - (seconds.length - index) * step * 1000);
    const parts = labels
      .map((label, column) => [label, seconds[index][column]])
      .filter(([, part]) => part > 0)
      .map(([label, part]) => `${label} ${part.toFixed(1)} s`);
    const words = `${clock(moment)}: ${parts.join(", ") || "nobody"}`;
    if (aloud) this.slider.setAttribute("aria-valuetext", words);
    write(this.tip, words);
    this.tip.style.setProperty("--at", (index + 0.5) / seconds.length);
  }
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}
