import { createHash } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { CatchUp, CreateDeploymentRequestSchema, Deployment, TaskDefinitionSchema } from "@windlass/proto";
import type { TestClients } from "./store-server.ts";

export type UploadMessage = MessageInitShape<typeof CreateDeploymentRequestSchema>;

const CHUNK_BYTES = 1024 * 1024;

/** A task definition with every field set that a task must have. */
export function taskDefinition(
  id: string,
  filePath = `src/${id}.ts`,
  cron?: { readonly expression: string; readonly timezone?: string; readonly catchUp?: CatchUp },
): MessageInitShape<typeof TaskDefinitionSchema> {
  const retry = { maxAttempts: 3, factor: 2, minTimeoutMs: 1000n, maxTimeoutMs: 60_000n, randomize: true };
  return { id, filePath, exportName: id, queue: "", retry, ...(cron !== undefined && { cron, isScheduled: true }) };
}

/** The messages of a correct upload. */
export function uploadMessages(content: Buffer, taskIds: readonly string[] = ["hello"]): UploadMessage[] {
  const bundleHash = createHash("sha256").update(content).digest("hex");
  const header = { bundleHash, bundleSize: BigInt(content.byteLength), tasks: taskIds.map((id) => taskDefinition(id)) };
  const messages: UploadMessage[] = [{ part: { case: "header", value: header } }];
  for (let offset = 0; offset < content.byteLength; offset += CHUNK_BYTES)
    messages.push({ part: { case: "chunk", value: content.subarray(offset, offset + CHUNK_BYTES) } });
  return messages;
}

/** Uploads and returns the deployment. */
export async function deploy(
  { deployments }: Pick<TestClients, "deployments">,
  content: Buffer | string = "a bundle",
  taskIds?: readonly string[],
): Promise<Deployment> {
  const { deployment } = await deployments.createDeployment(each(uploadMessages(Buffer.from(content), taskIds)));
  if (deployment === undefined) throw new Error("no deployment was returned");
  return deployment;
}

/** The messages one by one, as a stream. */
export async function* each<T>(messages: Iterable<T>): AsyncGenerator<T> {
  yield* messages;
}
