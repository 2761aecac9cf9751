import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { ServiceDefinition } from "@grpc/grpc-js";

const definitions = new WeakMap<DescService, ServiceDefinition>();

/**
 * The service as grpc-js knows services. Messages pass through as bytes: the adapter encodes and decodes them itself,
 * where a failure can still be given a type.
 */
export function serviceDefinition(service: DescService): ServiceDefinition {
  let definition = definitions.get(service);
  if (definition === undefined) {
    definition = Object.fromEntries(service.methods.map((method) => [method.localName, methodDefinition(method)]));
    definitions.set(service, definition);
  }
  return definition;
}

/** "/windlass.v1.RunService/GetRun". */
export function methodPath(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

/** Serializer and deserializer of a message that is bytes already. */
export function passBytes(bytes: Buffer): Buffer {
  return bytes;
}

function methodDefinition(method: DescMethod): ServiceDefinition[string] {
  return {
    path: methodPath(method),
    requestStream: method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming",
    responseStream: method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming",
    requestSerialize: passBytes,
    requestDeserialize: passBytes,
    responseSerialize: passBytes,
    responseDeserialize: passBytes,
  };
}
