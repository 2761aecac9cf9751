import { Metadata } from "@grpc/grpc-js";
import { ACTING_FOR_HEADER } from "./principal.ts";

/** The headers with which a service that has the internal credential calls on behalf of an environment. */
export function actingFor(environmentId: string): Metadata {
  const metadata = new Metadata();
  metadata.set(ACTING_FOR_HEADER, environmentId);
  return metadata;
}
