/** How many characters of a wrong value an error repeats. */
const QUOTED_CHARACTERS = 64;

/** Everything that is invisible, moves the cursor or is not a character: controls, format characters (also those that turn text around), separators, surrogates. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}"\\]/gu;

/** A wrong value for an error message: quoted, escaped, at most its first 64 characters. */
export function quote(text: string): string {
  // Two code units hold any character, so that cutting here first keeps the cost of a huge value small.
  const characters = Array.from(text.slice(0, 2 * QUOTED_CHARACTERS + 2));
  const shown = characters.slice(0, QUOTED_CHARACTERS).join("");
  return `"${shown.replaceAll(UNPRINTABLE, escapeCharacter)}"${characters.length > QUOTED_CHARACTERS ? "..." : ""}`;
}

function escapeCharacter(character: string): string {
  if (character === '"' || character === "\\") return `\\${character}`;
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
