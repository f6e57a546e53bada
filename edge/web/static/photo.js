// Makes a user's photo ready for the box: upright, and no larger than it takes.

// The box takes no more. A format that it may not know, or may turn otherwise, is written anew.
const BYTES = 10e6;
const PIXELS = 25e6;
const PLAIN = ["image/jpeg", "image/png"];

const LONGEST = 4096;
const QUALITY = 0.92;

// Returns what to send, and the picture as this browser shows it: null where it cannot read it.
export async function prepare(file) {
  const picture = await createImageBitmap(file).catch(() => null);
  const type = file.type.startsWith("image/") ? file.type : "image/jpeg";
  if (!picture) return { body: file, type, picture };
  const { width, height } = picture;
  if (PLAIN.includes(type) && file.size <= BYTES && width * height <= PIXELS)
    return { body: file, type, picture };
  const scale = Math.min(1, LONGEST / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const pen = canvas.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const body = await new Promise(done => canvas.toBlob(done, "image/jpeg", QUALITY));
  return { body: body ?? file, type: body ? "image/jpeg" : type, picture };
}
