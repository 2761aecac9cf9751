import { createHash } from "node:crypto";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { BundleSchema } from "@windlass/proto";
import type { StartsBy } from "./worker-program.ts";

/** An encoded bundle and what it is called. */
export interface EncodedBundle {
  readonly hash: string;
  readonly bytes: Uint8Array;
}

export function encodeBundle(bundle: MessageInitShape<typeof BundleSchema>): EncodedBundle {
  const bytes = toBinary(BundleSchema, create(BundleSchema, bundle));
  return { hash: createHash("sha256").update(bytes).digest("hex"), bytes };
}

/** The entry point of a bundle of the test worker. */
export function workerSource(startsBy: StartsBy = "saying-hello"): string {
  const program = new URL("worker-program.ts", import.meta.url).href;
  return `globalThis.startsBy = ${JSON.stringify(startsBy)};\nawait import(${JSON.stringify(program)});\n`;
}

/** A bundle of the test worker; every `version` has another hash. */
export function workerBundle(startsBy: StartsBy = "saying-hello", version = 1): EncodedBundle {
  return encodeBundle({
    files: [
      { path: "lib/version.txt", content: Buffer.from(String(version)) },
      { path: "worker.mjs", content: Buffer.from(workerSource(startsBy)) },
    ],
    entryPoint: "worker.mjs",
    runtime: "node",
  });
}

/** A bundle of the worker that means harm. */
export function hostileBundle(): EncodedBundle {
  const program = new URL("hostile-program.ts", import.meta.url).href;
  return encodeBundle({
    files: [{ path: "worker.mjs", content: Buffer.from(`await import(${JSON.stringify(program)});\n`) }],
    entryPoint: "worker.mjs",
    runtime: "node",
  });
}
