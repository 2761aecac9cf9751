/** What the list of runs can be filtered by, as its URL names it. */
export const runsFilterNames = [
  "status",
  "task",
  "tag",
  "queue",
  "version",
  "schedule",
  "batch",
  "parent",
  "test",
  "from",
  "to",
] as const;

/** The same, and where in the list one is. */
export const runsSearchNames = [...runsFilterNames, "page"] as const;

/** What the list's URL says; nothing in it has been checked. */
export type RunsSearch = { readonly [Name in (typeof runsSearchNames)[number]]?: string };
