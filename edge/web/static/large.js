// A picture over the whole window, for as long as somebody wants.

import { veil } from "./veil.js";

const NEW = ["online", "ended"];

export class Large {
  #card = null;

  constructor(dialog, cards, pictures) {
    this.dialog = dialog;
    this.image = dialog.querySelector("img");
    for (const card of cards.values()) {
      card.card.querySelector(".enlarge").addEventListener("click", () => {
        if (card.image.hidden) return;
        this.#card = card;
        dialog.querySelector("h2").textContent = card.name;
        dialog.showModal();
        pictures.enlarge(card.name);
        this.#mark();
      });
      card.card.addEventListener("mark", () => this.#mark());
    }
    for (const type of ["load", "error"]) this.image.addEventListener(type, () => this.#mark());
    dialog.querySelector(".close").addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", event => {
      if (!event.target.closest(".title-bar")) dialog.close();
    });
    dialog.addEventListener("close", () => {
      this.#card = null;
      pictures.enlarge(null);
    });
  }

  // Say of the picture what its card says.
  #mark() {
    if (!this.#card) return;
    const { name, status, veil: { words } } = this.#card;
    this.dialog.dataset.status = status;
    this.image.alt = NEW.includes(status) ? `Live picture of ${name}` : `Old picture of ${name}`;
    veil(this.dialog.querySelector(".screen"), words);
  }
}
