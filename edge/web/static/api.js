// Asks the box; what it refuses becomes an Error with its status and words.

const SECONDS = 10;

export class Refusal extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

// The address of a path of the box's, also behind a proxy that gives it another place; and without
// the password that the page's own address may have: fetch takes none.
export function at(path) {
  return location.origin + document.body.dataset.root + path;
}

export async function ask(path, options = {}) {
  const answer = await fetch(at(path), { signal: AbortSignal.timeout(SECONDS * 1000), ...options });
  if (answer.status === 401) {
    // The session is over: the box leads to its login, and from there to this page again.
    location.reload();
    return new Promise(() => {});
  }
  if (answer.ok) return answer.json();
  const problem = await answer.json().catch(() => ({}));
  throw new Refusal(answer.status, problem.detail ?? `the box answered ${answer.status}`);
}

export function command(camera, words) {
  return ask(`/api/cameras/${camera}/control`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ command: words }),
  });
}
