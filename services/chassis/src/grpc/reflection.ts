import type { DescFile, DescService } from "@bufbuild/protobuf";
import { toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type { Server } from "@grpc/grpc-js";

/** Adds grpc.reflection.v1 (and v1alpha, which older tools ask) for these services. Loaded only here: the library brings a second protobuf runtime. */
export async function addReflection(server: Server, services: readonly DescService[]): Promise<void> {
  const { ReflectionService } = await import("@grpc/reflection");
  const files = new Map<string, Buffer>();
  for (const service of services) collect(service.file, files);
  // The library takes proto-loader's definitions and reads nothing of them but the files.
  const definition = {
    format: "Protocol Buffer 3 EnumDescriptorProto" as const,
    type: {},
    fileDescriptorProtos: [...files.values()],
  };
  new ReflectionService({ windlass: definition }).addToServer(server);
}

function collect(file: DescFile, files: Map<string, Buffer>): void {
  if (files.has(file.proto.name)) return;
  files.set(file.proto.name, Buffer.from(toBinary(FileDescriptorProtoSchema, file.proto)));
  for (const dependency of file.dependencies) collect(dependency, files);
}
