// Tells pictures of a stream apart: a browser does not say that a stream has ended, and shows its
// last picture as if it were alive.

const SIDE = 48;
const canvas = document.createElement("canvas");
canvas.width = canvas.height = SIDE;
const pen = canvas.getContext("2d", { willReadFrequently: true });
pen.imageSmoothingEnabled = false; // a camera's noise tells two pictures of the same wall apart

// A number that is another one for another picture, as a rule.
export function fingerprint(image) {
  pen.drawImage(image, 0, 0, SIDE, SIDE);
  return pen.getImageData(0, 0, SIDE, SIDE).data.reduce((hash, value) => (hash * 31 + value) | 0, 7);
}
