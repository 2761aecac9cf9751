import { randomUUID } from "node:crypto";

/** A UUIDv7: the time in its first 48 bits lets the run-store's index on it grow at one end. */
export function createRequestId(): string {
  const time = Date.now().toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}
