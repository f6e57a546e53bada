// A picture over the whole window, for as long as somebody wants.

export class Large {
  constructor(dialog, cards, pictures) {
    const image = dialog.querySelector("img");
    for (const { card, name } of cards.values())
      card.querySelector(".enlarge").addEventListener("click", () => {
        dialog.querySelector("h2").textContent = name;
        image.alt = `Live picture of ${name}`;
        dialog.showModal();
        pictures.enlarge(name, image);
      });
    dialog.querySelector(".close").addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", event => {
      if (event.target === dialog || event.target === image) dialog.close();
    });
    dialog.addEventListener("close", () => pictures.enlarge(null, image));
  }
}
