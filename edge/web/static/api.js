// Asks the box; what it refuses becomes an Error with its status and words.

const SECONDS = 10;

export class Refusal extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

export async function ask(path, options = {}) {
  const answer = await fetch(path, { signal: AbortSignal.timeout(SECONDS * 1000), ...options });
  if (answer.status === 401) {
    // The session is over; what comes after the login is this page again.
    location.assign("/login");
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
