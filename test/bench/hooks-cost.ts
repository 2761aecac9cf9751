import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { Figure } from "./report.ts";

const LIFECYCLE = fileURLToPath(new URL("lifecycle.ts", import.meta.url));

/** CPU milliseconds per attempt, all threads of the process counted. */
export interface LifecycleCost {
  readonly bareMs: number;
  readonly hookedMs: number;
}

/** What the lifecycle costs a worker, measured in a process of its own, since it registers hooks. Some three seconds. */
export async function measureHooksCost(): Promise<LifecycleCost> {
  const child = spawn(process.execPath, [LIFECYCLE, "--json"], { stdio: ["ignore", "pipe", "inherit"] });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, "exit") as Promise<[number | null]>]);
  if (code !== 0) throw new Error(`${LIFECYCLE} exited with code ${code}`);
  return JSON.parse(output) as LifecycleCost;
}

/** What is promised of it. */
export function lifecycleFigures({ bareMs, hookedMs }: LifecycleCost): Figure[] {
  return [
    { key: "lifecycle_bare_ms", label: "CPU per attempt of a bare run, in the worker", value: bareMs, unit: "ms" },
    {
      key: "lifecycle_hooks_ms",
      label: "hooks: CPU per attempt above a bare run (3 global, 3 of the task)",
      value: hookedMs - bareMs,
      unit: "ms",
      target: { atMost: 0.3 },
    },
  ];
}
