import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { type ApiKey, ApiKeySchema, type Environment, EnvironmentSchema, EnvironmentType } from "@windlass/proto";
import type { ApiKeyRow, EnvironmentRow } from "../store/environment-row.ts";

export function environmentToProto(row: EnvironmentRow): Environment {
  return create(EnvironmentSchema, {
    id: row.id,
    slug: row.slug,
    type: EnvironmentType[row.type],
    project: row.project,
    createTime: timestampFromDate(row.create_time),
    ...(row.concurrency_limit !== null && { concurrencyLimit: row.concurrency_limit }),
  });
}

export function apiKeyToProto(row: ApiKeyRow): ApiKey {
  return create(ApiKeySchema, {
    id: row.id,
    name: row.name,
    lastFour: row.last_four,
    createTime: timestampFromDate(row.create_time),
    ...(row.revoke_time !== null && { revokeTime: timestampFromDate(row.revoke_time) }),
  });
}
