import { type Token, TokenStatus } from "@windlass/proto";
import type { TokenDataRow, TokenRow } from "../store/token-row.ts";
import { optionalTimestamp, timestampFromMicroseconds } from "./moments.ts";

/** A token with its data, or without where a row has none to show. */
export function tokenToProto(row: TokenRow & Partial<Pick<TokenDataRow, "data" | "data_type">>): Token {
  const { data, data_type: contentType } = row;
  return {
    $typeName: "windlass.v1.Token",
    id: row.id,
    status: TokenStatus[row.status],
    createTime: timestampFromMicroseconds(row.create_time_us),
    tags: row.tags,
    idempotencyKey: row.idempotency_key ?? "",
    ...definedTime("timeoutTime", row.timeout_time_us),
    ...definedTime("finishTime", row.finish_time_us),
    ...(data != null && contentType != null && { data: { $typeName: "windlass.v1.Content", data, contentType } }),
  };
}

function definedTime(field: "timeoutTime" | "finishTime", microseconds: number | null) {
  const time = optionalTimestamp(microseconds);
  return time === undefined ? {} : { [field]: time };
}
