const sameDay = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hour12: false,
});
const otherDay = new Intl.DateTimeFormat(undefined, { month: "short", day: "2-digit" });
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });

/** "14:03:07" today, "Nov 21, 14:03:07" before; by the zone of whoever looks. */
export function formatTime(ms: number, nowMs: number): string {
  const time = sameDay.format(ms);
  return new Date(ms).toDateString() === new Date(nowMs).toDateString() ? time : `${otherDay.format(ms)}, ${time}`;
}

/** "14:03:07.120" */
export function formatTimeOfDay(ms: number): string {
  return `${sameDay.format(ms)}.${String(Math.floor(ms) % 1_000).padStart(3, "0")}`;
}

/** Everything about a moment, with its zone and as ISO 8601. */
export function formatMoment(ms: number): string {
  return `${whole.format(ms)}\n${new Date(ms).toISOString()}`;
}

/** "5 s ago", "in 3 min"; coarse. */
export function formatDistance(ms: number, nowMs: number): string {
  const seconds = Math.round(Math.abs(nowMs - ms) / 1_000);
  if (seconds < 1) return "now";
  const text = coarse(seconds);
  return ms > nowMs ? `in ${text}` : `${text} ago`;
}

function coarse(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 86_400)} d`;
}
