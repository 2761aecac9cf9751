// Stands in for the package "ai": streams made-up text, a word every 50 ms, until it is aborted.
import { setTimeout as delay } from "node:timers/promises";
import type { TextStreamPart } from "./chat.ts";

const WORD_INTERVAL_MS = 50;
/** A prompt without a number of words gets so many. */
const DEFAULT_WORDS = 200;

interface StreamTextOptions {
  readonly model: { readonly modelId: string };
  /** A number in it says how many words to answer. */
  readonly prompt: string;
  readonly abortSignal?: AbortSignal;
  readonly onChunk?: (event: { readonly chunk: TextStreamPart<object> }) => void;
  readonly experimental_telemetry?: { readonly isEnabled: boolean };
  readonly tools?: object;
}

/** As the real one: returns at once, and its stream throws an AbortError when the signal aborts. */
export function streamText(options: StreamTextOptions): { readonly textStream: AsyncIterable<string> } {
  return { textStream: wordsFor(options) };
}

async function* wordsFor({ prompt, abortSignal, onChunk }: StreamTextOptions): AsyncGenerator<string> {
  const words = Number(/\d+/.exec(prompt)?.[0] ?? DEFAULT_WORDS);
  for (let number = 1; number <= words; number++) {
    // Rejects with an AbortError.
    await delay(WORD_INTERVAL_MS, undefined, { signal: abortSignal });
    const text = `word-${number} `;
    onChunk?.({ chunk: { type: "text-delta", text } });
    yield text;
  }
}
