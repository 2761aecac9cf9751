import {
  type CreateApiKeyRequest,
  type CreateEnvironmentRequest,
  EnvironmentType,
  type RevokeApiKeyRequest,
} from "@windlass/proto";
import type { Violation } from "@windlass/proto/grpc";
import { API_KEY_NAME, PROJECT, SLUG, STORE_ID } from "./field-rules.ts";
import { parseText } from "./text-rule.ts";
import { throwIfInvalid } from "./violations.ts";

/** What an environment is for; the word in the database. */
export type EnvironmentTypeName = "DEVELOPMENT" | "STAGING" | "PRODUCTION";

/** A checked request for an environment. */
export interface ParsedEnvironment {
  readonly slug: string;
  readonly type: EnvironmentTypeName;
  readonly project: string;
}

const TYPE_NAMES: ReadonlyMap<number, EnvironmentTypeName> = new Map([
  [EnvironmentType.DEVELOPMENT, "DEVELOPMENT"],
  [EnvironmentType.STAGING, "STAGING"],
  [EnvironmentType.PRODUCTION, "PRODUCTION"],
]);

/** Checks CreateEnvironment. Throws FIELD_INVALID. */
export function parseCreateEnvironment(
  request: Pick<CreateEnvironmentRequest, "slug" | "type" | "project">,
): ParsedEnvironment {
  const violations: Violation[] = [];
  const slug = parseText(request.slug, SLUG, "slug", violations);
  const project = parseText(request.project, PROJECT, "project", violations);
  const type = TYPE_NAMES.get(request.type);
  if (type === undefined)
    violations.push({ field: "type", description: `must be an EnvironmentType; ${request.type} is none.` });
  throwIfInvalid(violations);
  return { slug, project, type: type ?? "DEVELOPMENT" };
}

/** Checks CreateApiKey. Throws FIELD_INVALID. */
export function parseCreateApiKey(request: CreateApiKeyRequest): { name: string } {
  const violations: Violation[] = [];
  const name = parseText(request.name, API_KEY_NAME, "name", violations);
  throwIfInvalid(violations);
  return { name };
}

/** Checks RevokeApiKey. Throws FIELD_INVALID. */
export function parseRevokeApiKey(request: RevokeApiKeyRequest): { apiKeyId: string } {
  const violations: Violation[] = [];
  const apiKeyId = parseText(request.apiKeyId, STORE_ID, "api_key_id", violations);
  throwIfInvalid(violations);
  return { apiKeyId };
}
