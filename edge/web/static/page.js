// Puts the page together: one line to the box, and what it says handed to those who show it.

import { Card } from "./card.js";
import { Connection } from "./connection.js";
import { write } from "./dom.js";
import { Events } from "./events.js";
import { Large } from "./large.js";
import { Pictures } from "./pictures.js";
import { Predict } from "./predict.js";
import { health, isMissing, people, statusOf } from "./summary.js";

const TIMELINE = 5000;

const byId = id => document.getElementById(id);
const colours = JSON.parse(byId("colours").textContent);
const widths = byId("cameras").dataset.widths.split(" ").map(Number);
const pictures = new Pictures(widths, byId("large").querySelector("img"));
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

const said = [];

// Said to screen readers; only what matters, and only when it changes.
function announce(words) {
  said.push(words);
  queueMicrotask(() => {
    if (said.length) write(byId("announce"), `${said.splice(0).join(". ")}.`);
  });
}

// Whether the box is another one than that which made this page: other cameras, other software.
function isOther(box) {
  const { node, version } = document.body.dataset;
  const known = box.cameras.filter(camera => cards.has(camera.name)).length;
  return box.node !== node || box.version !== version || known !== cards.size || known !== box.cameras.length;
}

function show(box) {
  if (isOther(box)) {
    location.reload();
    return;
  }
  events.ahead = Date.parse(box.time) - Date.now();
  for (const camera of box.cameras) {
    const card = cards.get(camera.name);
    if (card.state) compare(card.state, camera);
    card.show(camera);
  }
  pill("broker", box.broker.connected ? "online" : "offline",
       box.broker.connected ? "MQTT connected" : "MQTT: no connection");
  byId("broker").title = box.broker.name;
  summarize(health(box.cameras), people(box.cameras), box.cameras.some(isMissing));
}

// Tell when a camera is doing otherwise than before.
function compare(before, camera) {
  const status = statusOf(camera);
  if (statusOf(before) === status || statusOf(before) === "starting") return;
  const words = `Camera ${camera.name} is ${status}`;
  // The switch for a pause is of this moment, as far as the page knows.
  const byItself = before.status !== camera.status && before.paused === camera.paused;
  events.note(camera.name, words, status, byItself ? Date.parse(camera.connection.since) : undefined);
  announce(words);
}

let refreshing = false;

// One after the other, and those in view only: the box has better things to do.
async function refreshTimelines() {
  if (refreshing) return;
  refreshing = true;
  for (const card of cards.values())
    if (connection.live && card.visible) await card.refresh().catch(() => {});
  refreshing = false;
}

// Show that nothing is known of the box now.
function age(why, word, sentence, more) {
  pictures.live = false;
  pill("connection", why === "lost" ? "offline" : why, word);
  pill("broker", "unknown", "MQTT");
  for (const card of cards.values()) card.age(why);
  summarize(sentence, more, why === "lost");
}

let lost = false;
connection.addEventListener("wait", () => age("connecting", "connecting", "Connecting to the box…", ""));
connection.addEventListener("lost", () => {
  age("lost", "no connection", "No connection to the box.", "It is being tried again.");
  if (lost) return;
  lost = true;
  announce("No connection to the box");
  events.note("", "No connection to the box", "lost");
});
connection.addEventListener("live", () => {
  pill("connection", "online", "live");
  if (lost) {
    events.note("", "The box is back", "online");
    announce("The box is back");
  }
  lost = false;
  pictures.live = true;
  // After the first state: it says what privacy allows.
  setTimeout(refreshTimelines, 0);
});
connection.addEventListener("state", ({ detail }) => show(detail));
connection.addEventListener("event", ({ detail }) => events.add(detail));
connection.addEventListener("gap", () => (events.gap = true));
connection.addEventListener("whole", () => {
  const told = [...cards.values()].some(({ state }) => state?.privacy !== "aggregate");
  events.gap = false;
  events.instead = told ? "Nothing has happened yet." : "In this privacy mode faces are no events.";
});
setInterval(refreshTimelines, TIMELINE);
connection.open();
