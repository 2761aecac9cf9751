import type { MessageInitShape } from "@bufbuild/protobuf";
import type { CreateDeploymentRequestSchema, Deployment, DeploymentHeader } from "@windlass/proto";
import { type ClientConfig, configured } from "../client/client-config.ts";
import { createConnection } from "../client/connection.ts";
import { retrying } from "../client/retrying.ts";
import { windlassErrorFrom } from "../client/windlass-error.ts";
import { BuildError } from "./build-error.ts";
import { bundle, type TaskBundle } from "./bundle.ts";
import { index, type IndexOptions } from "./index-bundle.ts";

const CHUNK_BYTES = 1024 * 1024;

/**
 * Bundles, indexes and uploads a task folder; from then on new runs take it. Uploading the same again changes nothing.
 * Throws BuildError before anything is uploaded, WindlassError when the cluster refuses; then the former version stays
 * current.
 */
export async function deploy(
  folder: string,
  config: ClientConfig = configured.config,
  options: IndexOptions = {},
): Promise<Deployment> {
  return deployBundle(await bundle(folder), config, options);
}

/** Indexes and uploads a bundle, as `deploy` does. */
export async function deployBundle(
  { bytes, hash }: TaskBundle,
  config: ClientConfig,
  options: IndexOptions,
): Promise<Deployment> {
  const connection = createConnection(config);
  try {
    const tasks = await index({ bytes }, options);
    const header = { bundleHash: hash, bundleSize: BigInt(bytes.length), tasks };
    const { deployment } = await retrying(connection.config.timeoutMs, (call) =>
      connection.deployments.createDeployment(upload(header, bytes), call),
    );
    if (deployment === undefined) throw new Error("The cluster's answer names no deployment.");
    return deployment;
  } catch (error) {
    if (error instanceof BuildError) throw error;
    throw windlassErrorFrom(error);
  } finally {
    await connection.close();
  }
}

async function* upload(
  header: Pick<DeploymentHeader, "bundleHash" | "bundleSize" | "tasks">,
  bytes: Uint8Array,
): AsyncGenerator<MessageInitShape<typeof CreateDeploymentRequestSchema>> {
  yield { part: { case: "header", value: header } };
  for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
    yield { part: { case: "chunk", value: bytes.subarray(start, start + CHUNK_BYTES) } };
  }
}
