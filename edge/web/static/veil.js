// What lies over a picture while there is none, or an old one.

import { write } from "./dom.js";

const VEILS = {
  paused: "Paused: nothing is looked at, and nothing is shown.",
  starting: "Starting",
  still: "No new picture is being worked on.",
  stalled: "The camera sends no new picture.",
  reconnecting: "The camera is lost. Connecting again.",
  offline: "The camera does not answer. It is still being tried.",
  ended: "The clip has ended.",
  connecting: "Connecting to the box",
  lost: "No connection to the box.",
};

const PRIVATE = {
  anonymous: "Privacy mode “anonymous”: no pictures, and nobody can be told from others.",
  aggregate: "Privacy mode “aggregate”: no pictures, only how many people show what.",
};

// The words for a camera of this status, and whether they speak of privacy.
export function veilFor(status, privacy) {
  const hidden = privacy in PRIVATE && ["online", "starting", "still"].includes(status);
  return { words: hidden ? PRIVATE[privacy] : (VEILS[status] ?? ""), hidden };
}

// Lay words over the picture of a screen. Without any, they say whether there is a picture.
export function veil(screen, words) {
  const place = screen.querySelector(".veil");
  const text = words || (screen.querySelector("img").hidden ? "Waiting for a picture" : "");
  write(place, text);
  place.hidden = !text;
}
