const formats = new Map<string, Intl.DateTimeFormat>();

/** The zone of whoever looks. */
export const ownTimezone: string = new Intl.DateTimeFormat().resolvedOptions().timeZone;

/** "Mon, Nov 23, 02:30" in a time zone; "" is UTC. A zone that this browser does not know is shown as UTC, and says so. */
export function formatInZone(ms: number, timezone: string): string {
  const zone = timezone === "" ? "UTC" : timezone;
  try {
    return formatOf(zone).format(ms);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return `${formatOf("UTC").format(ms)} UTC`;
  }
}

/** What an <input type="datetime-local"> holds for a moment, in the zone of whoever looks. */
export function localInputValue(ms: number): string {
  const local = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19);
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat(undefined, {
    timeZone,
    weekday: "short",
    month: "short",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    hour12: false,
  });
  formats.set(timeZone, format);
  return format;
}
