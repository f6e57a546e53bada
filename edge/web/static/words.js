// Times and shares in words.

const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });

export const clock = moment => CLOCK.format(moment);

// With the day, unless it is that of `now`.
export function when(moment, now) {
  const today = new Date(moment).toDateString() === new Date(now).toDateString();
  return today ? clock(moment) : `${DAY.format(moment)}, ${clock(moment)}`;
}

export const percent = part => `${Math.round(100 * part)} %`;

// "4.2 s", "3 min 10 s", "2 h 5 min".
export function span(seconds) {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return pair(whole, 60, "min", "s");
  return pair(Math.round(whole / 60), 60, "h", "min");
}

function pair(amount, size, large, small) {
  const rest = amount % size;
  return `${Math.floor(amount / size)} ${large}${rest ? ` ${rest} ${small}` : ""}`;
}
