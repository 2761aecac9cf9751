import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createScratchDirectory } from "../kit/scratch-directory.ts";

const MAIN = fileURLToPath(new URL("../../deploy/local/src/main.ts", import.meta.url));

/** Seconds from `npm start -- --once` (everything installed) to its exit, with a data folder that is `fresh` or was used before. */
export async function measureColdStart(): Promise<{ freshS: number; againS: number }> {
  const scratch = createScratchDirectory();
  const once_ = async () => {
    const startedAt = performance.now();
    const child = spawn(process.execPath, [MAIN, "--once"], {
      env: { ...process.env, WINDLASS_HOME: scratch.path },
      stdio: ["ignore", "ignore", "inherit"],
    });
    const [code] = (await once(child, "exit")) as [number | null];
    if (code !== 0) throw new Error(`npm start -- --once exited with code ${code}`);
    return (performance.now() - startedAt) / 1000;
  };
  try {
    return { freshS: await once_(), againS: await once_() };
  } finally {
    scratch.remove();
  }
}
