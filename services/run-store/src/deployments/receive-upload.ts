import { createHash } from "node:crypto";
import type { Clock } from "@windlass/chassis";
import { type CreateDeploymentRequest, ErrorReason } from "@windlass/proto";
import { CallFailure, fieldInvalid, status } from "@windlass/proto/grpc";
import { bundleCorrupt } from "../failures.ts";
import { type ParsedDeploymentHeader, parseChunk, parseDeploymentHeader } from "../validation/deployment-requests.ts";
import type { UploadBudget } from "./upload-budget.ts";

/** A complete upload, as announced. */
export interface Upload {
  readonly header: ParsedDeploymentHeader;
  readonly content: Buffer;
}

/** An upload that stands still holds memory that others wait for. */
const STALL_LIMIT_MS = 30_000;

/**
 * Receives an upload into memory, as large as it announced itself and no larger, and hands it to `use` once its size and hash are right; the memory counts as used
 * until that has settled. Throws FIELD_INVALID for messages out of order or beyond their limits, BUNDLE_CORRUPT as soon as the bytes cannot be what was announced,
 * OVERLOADED when too many uploads are under way, CALL_ENDED when nothing comes for 30 s. Nothing is stored before `use`.
 */
export async function receiveUpload<T>(
  requests: AsyncIterable<CreateDeploymentRequest>,
  { budget, clock }: { readonly budget: UploadBudget; readonly clock: Clock },
  use: (upload: Upload) => Promise<T>,
): Promise<T> {
  const messages = notStalling(requests, clock);
  const header = await receiveHeader(messages);
  const release = budget.reserve(header.bundleSize);
  try {
    return await use({ header, content: await receiveContent(messages, header) });
  } finally {
    release();
  }
}

async function receiveHeader(messages: AsyncIterator<CreateDeploymentRequest>): Promise<ParsedDeploymentHeader> {
  const first = await messages.next();
  if (first.done === true || first.value.part.case !== "header")
    throw fieldInvalid({ field: "header", description: "must be the first message." });
  return parseDeploymentHeader(first.value.part.value);
}

async function receiveContent(
  messages: AsyncIterator<CreateDeploymentRequest>,
  { bundleSize, bundleHash }: ParsedDeploymentHeader,
): Promise<Buffer> {
  const content = Buffer.allocUnsafe(bundleSize);
  const hash = createHash("sha256");
  let receivedBytes = 0;
  for (let next = await messages.next(); next.done !== true; next = await messages.next()) {
    if (next.value.part.case !== "chunk")
      throw fieldInvalid({ field: "chunk", description: "must be set in every message after the first." });
    const chunk = parseChunk(next.value.part.value);
    if (receivedBytes + chunk.byteLength > bundleSize)
      throw bundleCorrupt(`The bundle is larger than the ${bundleSize} bytes that its header announced.`);
    content.set(chunk, receivedBytes);
    hash.update(chunk);
    receivedBytes += chunk.byteLength;
  }
  if (receivedBytes < bundleSize)
    throw bundleCorrupt(
      `The bundle ended after ${receivedBytes} of the ${bundleSize} bytes that its header announced.`,
    );
  const actualHash = hash.digest("hex");
  if (actualHash !== bundleHash)
    throw bundleCorrupt(`The bundle's SHA-256 is ${actualHash}; its header announced ${bundleHash}.`);
  return content;
}

/** The same messages; throws when one does not come in time. */
function notStalling<T>(messages: AsyncIterable<T>, clock: Clock): AsyncIterator<T> {
  const iterator = messages[Symbol.asyncIterator]();
  return {
    next: () =>
      new Promise((resolve, reject) => {
        const timer = clock.setTimeout(() => reject(stalled()), STALL_LIMIT_MS);
        iterator
          .next()
          .then(resolve, reject)
          .finally(() => timer.cancel());
      }),
  };
}

function stalled(): CallFailure {
  return new CallFailure({
    code: status.DEADLINE_EXCEEDED,
    reason: ErrorReason.CALL_ENDED,
    message: `Nothing of the upload came for ${STALL_LIMIT_MS / 1000} s; start again.`,
  });
}
