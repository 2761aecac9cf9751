/** The last bytes a process wrote, whatever it wrote before. */
export interface OutputTail {
  add(chunk: Uint8Array): void;
  /** Forgets what came so far. */
  clear(): void;
  /** What is kept, as text; a character cut at the front shows as U+FFFD. */
  text(): string;
  /** How many bytes came before those that are kept. */
  readonly omittedBytes: number;
}

/** Keeps at most `limitBytes`, and holds at most one chunk more while it gathers. */
export function createOutputTail(limitBytes: number): OutputTail {
  let chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  let seenBytes = 0;
  return {
    add(chunk) {
      chunks.push(chunk);
      sizeBytes += chunk.byteLength;
      seenBytes += chunk.byteLength;
      while (chunks.length > 1 && sizeBytes - (chunks[0]?.byteLength ?? 0) >= limitBytes) {
        sizeBytes -= chunks.shift()?.byteLength ?? 0;
      }
    },
    clear() {
      if (seenBytes === 0) return;
      chunks = [];
      sizeBytes = 0;
      seenBytes = 0;
    },
    text() {
      const kept = Buffer.concat(chunks);
      return kept.subarray(Math.max(0, kept.byteLength - limitBytes)).toString("utf8");
    },
    get omittedBytes() {
      return Math.max(0, seenBytes - limitBytes);
    },
  };
}
