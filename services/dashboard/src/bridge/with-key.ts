import { Metadata } from "@grpc/grpc-js";
import type { CallOptions } from "@windlass/proto/grpc";

/** The credential of a call, as an option of it. */
export function withKey(apiKey: string): CallOptions {
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${apiKey}`);
  return { metadata };
}
