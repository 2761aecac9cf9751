/** What a page keeps in its URL: texts by name, empty ones left out. */
export type SearchTexts = Readonly<Record<string, string>>;

/** "?task=hello&status=FAILED,CRASHED" as it reads, without any encoding of ours on top. */
export function parseSearchText(search: string): SearchTexts {
  return Object.fromEntries(new URLSearchParams(search));
}

/** The opposite of parseSearchText. */
export function searchText(search: Readonly<Record<string, unknown>>): string {
  const given = Object.entries(search).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string" && entry[1] !== "",
  );
  const text = new URLSearchParams(given).toString().replaceAll("%2C", ",").replaceAll("%2F", "/");
  return text === "" ? "" : `?${text}`;
}

/** A parser for a page's search: its names alone, where they are texts. */
export function searchOf<Name extends string>(...names: readonly Name[]) {
  return (search: Record<string, unknown>): { [N in Name]?: string } => {
    const given = names.filter((name) => typeof search[name] === "string" && search[name] !== "");
    return Object.fromEntries(given.map((name) => [name, search[name]])) as { [N in Name]?: string };
  };
}
