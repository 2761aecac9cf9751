import type { DescEnum } from "@bufbuild/protobuf";

/** The name of an enum's value without the enum's own prefix; "UNKNOWN" for a value that a newer cluster has. */
export function enumName(schema: DescEnum, value: number): string {
  return schema.value[value]?.localName ?? "UNKNOWN";
}
