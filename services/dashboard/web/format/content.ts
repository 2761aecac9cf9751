import type { Content } from "@windlass/proto";

/** A payload or an output as text; never anything but text. */
export interface ContentText {
  readonly text: string;
  readonly isJson: boolean;
}

const decoder = new TextDecoder();

/** Indents JSON; shows anything else as it is. Undefined when there is no value. */
export function contentText(content: Content | undefined): ContentText | undefined {
  if (content === undefined || content.contentType === "") return undefined;
  const text = decoder.decode(content.data);
  return content.contentType.startsWith("application/json") ? jsonText(text) : { text, isJson: false };
}

/** Indents a JSON text; one that is none is shown as it is. */
export function jsonText(text: string): ContentText {
  try {
    return { text: JSON.stringify(JSON.parse(text), null, 2), isJson: true };
  } catch {
    return { text, isJson: false };
  }
}
