// Puts the page together: one line to the box, and what it says handed to those who show it.

import { Card } from "./card.js";
import { Connection } from "./connection.js";
import { Events } from "./events.js";
import { write } from "./faces.js";
import { Large } from "./large.js";
import { Pictures } from "./pictures.js";
import { Predict } from "./predict.js";
import { health, isMissing, people } from "./summary.js";

const TIMELINE = 5000;

const byId = id => document.getElementById(id);
const colours = JSON.parse(byId("colours").textContent);
const pictures = new Pictures();
const cards = new Map(
  [...document.querySelectorAll(".card")].map(card => [card.dataset.camera, new Card(card, colours, pictures)]),
);
const events = new Events(byId("events"), colours, cards.size === 1);
const connection = new Connection();
new Predict(byId("photo"), colours);
new Large(byId("large"), cards, pictures);

function pill(id, state, words) {
  byId(id).dataset.status = state;
  write(byId(id).querySelector(".word"), words);
}

function summarize(health, people, bad) {
  byId("summary").classList.toggle("bad", bad);
  write(byId("summary").querySelector(".health"), health);
  write(byId("summary").querySelector(".people"), people);
}

// Said to screen readers; only what matters, and only when it changes.
function announce(words) {
  write(byId("announce"), words);
}

function show(box) {
  const known = box.cameras.filter(camera => cards.has(camera.name)).length;
  if (known !== cards.size || known !== box.cameras.length || box.version !== document.body.dataset.version) {
    location.reload(); // the box was given other cameras, or other software
    return;
  }
  events.ahead = Date.parse(box.time) - Date.now();
  for (const camera of box.cameras) {
    const card = cards.get(camera.name);
    const before = card.state && Card.status(card.state);
    const status = Card.status(camera);
    if (before && before !== "starting" && before !== status) {
      events.note(camera.name, `Camera ${camera.name} is ${status}`, status);
      announce(`Camera ${camera.name} is ${status}`);
    }
    card.show(camera);
  }
  pill("broker", box.broker.connected ? "online" : "offline",
       box.broker.connected ? "MQTT connected" : "MQTT: no connection");
  byId("broker").title = box.broker.name;
  summarize(health(box.cameras), people(box.cameras), box.cameras.some(isMissing));
}

// One after the other, and those in view only: the box has better things to do.
async function refreshTimelines() {
  for (const card of cards.values()) {
    if (!connection.live) return;
    if (card.visible) await card.refresh().catch(() => {});
  }
}

let lost = false;
connection.addEventListener("state", ({ detail }) => show(detail));
connection.addEventListener("event", ({ detail }) => events.add(detail));
connection.addEventListener("live", () => {
  pill("connection", "online", "live");
  if (lost) {
    events.note("", "The box is back", "online");
    announce("The box is back");
  }
  lost = false;
  pictures.live = true;
  events.refresh().catch(() => {});
  // After the first state: it says what privacy allows.
  setTimeout(refreshTimelines, 0);
});
connection.addEventListener("lost", () => {
  if (lost) return;
  lost = true;
  pictures.live = false;
  pill("connection", "offline", "no connection");
  pill("broker", "unknown", "MQTT");
  for (const card of cards.values()) card.lose();
  summarize("No connection to the box.", "It is being tried again.", true);
  announce("No connection to the box");
  events.note("", "No connection to the box", "lost");
});
setInterval(refreshTimelines, TIMELINE);
connection.open();
