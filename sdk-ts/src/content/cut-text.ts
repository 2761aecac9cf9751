/** The longest beginning of `text` that takes at most `maxBytes` of UTF-8. */
export function cutText(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes) return text;
  const start = text.slice(0, maxBytes);
  const bytes = Buffer.from(start);
  if (bytes.length <= maxBytes) return start;
  let end = maxBytes;
  while ((bytes[end]! & 0xc0) === 0x80) end--; // Not in the middle of a character.
  return bytes.toString("utf8", 0, end);
}
