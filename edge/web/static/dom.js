// Small things that are done to the document everywhere.

// Screen readers look again at text that is written, the same or not.
export function write(thing, text) {
  if (thing.textContent !== text) thing.textContent = text;
}

export function element(name, classes = "", parent = null) {
  const made = document.createElement(name);
  if (classes) made.className = classes;
  parent?.append(made);
  return made;
}
