import type { ListSupervisorsResponse } from "@windlass/proto";

/** "3 of 8 workers busy on 2 supervisors": what they can execute together; "more than" when there are more than were read. */
export function summaryText({ supervisors, nextPageToken }: Omit<ListSupervisorsResponse, "$typeName">): string {
  if (supervisors.length === 0) return "";
  const sum = (read: (of: (typeof supervisors)[number]) => number): number =>
    supervisors.reduce((total, one) => total + read(one), 0);
  const busy = sum(({ executing }) => executing).toLocaleString("en");
  const workers = sum(({ capacity }) => capacity?.workers ?? 0).toLocaleString("en");
  const more = nextPageToken === "" ? "" : "more than ";
  const count = `${more}${supervisors.length.toLocaleString("en")} supervisor${supervisors.length === 1 ? "" : "s"}`;
  return `${busy} of ${workers} workers busy on ${count}`;
}

/** "micro to large-2x": presets, smallest first, of which only the ends are told. */
export function machinesText(machines: readonly string[] | undefined): string {
  const [smallest, largest] = [machines?.[0], machines?.at(-1)];
  if (smallest === undefined || largest === undefined) return "–";
  return smallest === largest ? smallest : `${smallest} to ${largest}`;
}
