/** Everything a terminal could take for a command: control characters but line feed and tab. */
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Text that came from elsewhere (a task's log, an error), made safe to show: a terminal takes no orders from it. */
export function plainText(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(CONTROL, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(2, "0");
    return `\\x${code}`;
  });
}

/** The same on one line, of at most `maxLength` characters. */
export function oneLine(text: string, maxLength = 600): string {
  const joined = plainText(text)
    .replace(/\s*\n\s*/g, " ")
    .trim();
  return joined.length <= maxLength ? joined : `${joined.slice(0, maxLength - 1)}…`;
}
