import { fileURLToPath } from "node:url";

const MAX_FRAMES = 50;
/** In a bundle this is the runtime's one file, and the folder is the bundle's. */
const RUNTIME_URL = import.meta.url;
const BUNDLE_FOLDER_URL = new URL(".", RUNTIME_URL).href;
const BUNDLE_FOLDER = fileURLToPath(BUNDLE_FOLDER_URL);
const NATIVE_FRAME = "(<anonymous>)";

/**
 * The frames of a stack as whoever wrote the task knows them: without the runtime's own, and with paths relative to the
 * task folder. At most 50; empty when there are none.
 */
export function userFrames(stack: string, maxChars: number): string {
  // A stack begins with name and message, which may have any length, and are stored beside it.
  const start = stack.indexOf("\n    at ") + 1;
  if (start === 0) return "";
  const frames: string[] = [];
  let isInsideRuntime = false;
  for (const frame of stack.slice(start, start + 2 * maxChars).split("\n", 2 * MAX_FRAMES)) {
    isInsideRuntime = frame.includes(RUNTIME_URL) || (isInsideRuntime && frame.endsWith(NATIVE_FRAME));
    if (!isInsideRuntime) frames.push(frame.replaceAll(BUNDLE_FOLDER_URL, "").replaceAll(BUNDLE_FOLDER, ""));
  }
  return frames.slice(0, MAX_FRAMES).join("\n");
}
