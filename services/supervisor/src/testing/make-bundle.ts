import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { BundleSchema } from "@windlass/proto";
import { buildSync } from "esbuild";
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

const programs = new Map<string, string>();

/** A program of this folder in one file, as the SDK makes bundles: a worker begins in a quarter of the time that a hundred sources take. */
function programSource(name: string): string {
  const made = programs.get(name);
  if (made !== undefined) return made;
  const { outputFiles } = buildSync({
    entryPoints: [fileURLToPath(new URL(name, import.meta.url))],
    bundle: true,
    write: false,
    platform: "node",
    format: "esm",
    // For the packages that are CommonJS.
    banner: {
      js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);',
    },
  });
  const source = outputFiles.map(({ text }) => text).join("");
  programs.set(name, source);
  return source;
}

/** The entry point of a bundle of the test worker. */
export function workerSource(startsBy: StartsBy = "saying-hello"): string {
  return `globalThis.startsBy = ${JSON.stringify(startsBy)};\n${programSource("worker-program.ts")}`;
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
  return encodeBundle({
    files: [{ path: "worker.mjs", content: Buffer.from(programSource("hostile-program.ts")) }],
    entryPoint: "worker.mjs",
    runtime: "node",
  });
}
