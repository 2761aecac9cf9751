import { writeFileSync } from "node:fs";
import path from "node:path";
import { createScratchDirectory } from "./scratch-directory.ts";

/** Something that tasks stand before until a test lets them pass: a file that they look for. */
export interface Gate extends Disposable {
  /** Goes into the payload. */
  readonly file: string;
  /** Lets everybody pass, now and later. */
  open(): void;
}

/** Makes a closed gate. */
export function createGate(): Gate {
  const scratch = createScratchDirectory();
  const file = path.join(scratch.path, "open");
  return {
    file,
    open: () => writeFileSync(file, ""),
    [Symbol.dispose]: () => scratch.remove(),
  };
}
