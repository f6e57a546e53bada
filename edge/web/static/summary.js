// The box in a sentence or two: how its cameras are doing, and whom they see.

const NAMED = 3; // and more are counted

// The word for how a camera is doing.
export function statusOf(camera) {
  return camera.paused ? "paused" : camera.status;
}

// Whether a camera should give pictures, and does not.
export function isMissing(camera) {
  return !camera.paused && ["stalled", "reconnecting", "offline"].includes(camera.status);
}

export function health(cameras) {
  const groups = new Map();
  for (const camera of cameras) {
    const status = statusOf(camera);
    groups.set(status, [...(groups.get(status) ?? []), camera.name]);
  }
  if (groups.size === 1) {
    const [status] = groups.keys();
    if (cameras.length === 1) return `The camera is ${status}.`;
    return `All ${cameras.length} cameras are ${status}.`;
  }
  const working = groups.get("online")?.length ?? 0;
  groups.delete("online");
  const few = cameras.length - working <= NAMED;
  const others = [...groups].map(
    ([status, names]) => `${few ? names.join(", ") : names.length} ${status}`);
  return `${working} of ${cameras.length} cameras online; ${others.join("; ")}.`;
}

// Whether nobody before the camera would mean that there is nobody to tell of.
function sees({ labels, paused, detector, status }) {
  return labels !== null && !paused && detector && status === "online";
}

export function people(cameras) {
  const totals = new Map();
  for (const { labels } of cameras)
    for (const [label, count] of Object.entries(labels ?? {}))
      totals.set(label, (totals.get(label) ?? 0) + count);
  const faces = [...totals.values()].reduce((total, count) => total + count, 0);
  if (!faces) return cameras.every(sees) ? "Nobody is seen." : "";
  const shown = [...totals].map(([label, count]) => (faces === 1 ? label : `${count} ${label}`));
  return `${faces} ${faces === 1 ? "face" : "faces"}: ${shown.join(", ")}.`;
}
