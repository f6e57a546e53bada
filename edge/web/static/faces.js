// A list of faces: what each shows, how surely, and on demand all seven probabilities.

import { element, write } from "./dom.js";
import { percent } from "./words.js";

export class FaceList {
  #rows = new Map();

  constructor(list, colours) {
    this.list = list;
    this.colours = colours;
    this.nobody = element("li", "nobody");
  }

  // Show `faces`, or without any the words in `instead`. A face keeps its row, and so what
  // somebody opened stays open, for as long as it is there.
  show(faces, instead) {
    const rows = faces.map((face, index) => [face.track ?? `at ${index}`, face]);
    const present = new Set(rows.map(([key]) => key));
    for (const [key, row] of this.#rows)
      if (!present.has(key)) {
        row.item.remove();
        this.#rows.delete(key);
      }
    for (const [key, face] of rows) {
      if (!this.#rows.has(key)) {
        this.#rows.set(key, new Row(this.colours));
        this.list.append(this.#rows.get(key).item);
      }
      this.#rows.get(key).show(face);
    }
    write(this.nobody, instead);
    if (faces.length) this.nobody.remove();
    else if (!this.nobody.isConnected) this.list.append(this.nobody);
  }
}

class Row {
  constructor(colours) {
    this.colours = colours;
    this.item = element("li");
    const details = element("details", "", this.item);
    const summary = element("summary", "", details);
    this.swatch = element("span", "swatch", summary);
    const what = element("span", "what", summary);
    this.label = element("strong", "", what);
    this.who = element("span", "quiet", what);
    this.bar = bar(summary);
    this.share = element("span", "share", summary);
    this.all = element("ul", "all", details);
    this.parts = new Map();
  }

  show(face) {
    const unsure = face.label === "uncertain";
    write(this.label, face.label);
    write(this.who, face.track ? `face ${face.track}` : "");
    write(this.share, unsure ? "" : percent(face.confidence));
    paint(this.swatch, this.colours[face.label]);
    fill(this.bar, face.confidence, this.colours[face.label]);
    for (const [label, part] of Object.entries(face.probabilities)) {
      if (!this.parts.has(label)) this.parts.set(label, this.#part(label));
      const { rod, share } = this.parts.get(label);
      fill(rod, part, this.colours[label]);
      write(share, percent(part));
    }
  }

  #part(label) {
    const item = element("li", "", this.all);
    element("span", "", item).textContent = label;
    return { rod: bar(item), share: element("span", "share", item) };
  }
}

function bar(parent) {
  const track = element("span", "bar", parent);
  return element("span", "rod", track);
}

function fill(rod, part, colour) {
  const width = `${(100 * part).toFixed(1)}%`;
  if (rod.style.width !== width) rod.style.width = width;
  paint(rod, colour);
}

function paint(thing, colour) {
  if (thing.dataset.colour === colour) return;
  thing.dataset.colour = colour;
  thing.style.backgroundColor = colour;
}
