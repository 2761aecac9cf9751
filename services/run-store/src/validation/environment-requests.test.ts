import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  CreateApiKeyRequestSchema,
  CreateEnvironmentRequestSchema,
  EnvironmentType,
  RevokeApiKeyRequestSchema,
} from "@windlass/proto";
import { CallFailure } from "@windlass/proto/grpc";
import { expect, it } from "vitest";
import { parseCreateApiKey, parseCreateEnvironment, parseRevokeApiKey } from "./environment-requests.ts";

const good = { slug: "prod-eu", type: EnvironmentType.PRODUCTION, project: "proj_1234" };

it("takes a good environment", () => {
  expect(parseCreateEnvironment(create(CreateEnvironmentRequestSchema, good))).toEqual({
    slug: "prod-eu",
    type: "PRODUCTION",
    project: "proj_1234",
  });
});

it.each<[MessageInitShape<typeof CreateEnvironmentRequestSchema>, string]>([
  [{ ...good, slug: "" }, "slug"],
  [{ ...good, slug: "a_b" }, "slug"],
  [{ ...good, slug: "a.b" }, "slug"],
  [{ ...good, slug: "*" }, "slug"],
  [{ ...good, slug: "x".repeat(65) }, "slug"],
  [{ ...good, type: 0 }, "type"],
  [{ ...good, type: 9 as EnvironmentType }, "type"],
  [{ ...good, project: "" }, "project"],
  [{ ...good, project: "a b" }, "project"],
  [{ ...good, project: "x".repeat(129) }, "project"],
])("refuses %j by its field", (init, field) => {
  let failure: unknown;
  try {
    parseCreateEnvironment(create(CreateEnvironmentRequestSchema, init));
  } catch (error) {
    failure = error;
  }
  expect((failure as CallFailure).violations.map((violation) => violation.field)).toEqual([field]);
});

it.each(["", "x".repeat(129), "a\0", "\ud800"])("refuses the key name %j", (name) => {
  expect(() => parseCreateApiKey(create(CreateApiKeyRequestSchema, { name }))).toThrow(
    "name must be 1 to 128 characters",
  );
});

it.each(["", "x".repeat(65), "key_\0"])("refuses the key id %j", (apiKeyId) => {
  expect(() => parseRevokeApiKey(create(RevokeApiKeyRequestSchema, { apiKeyId }))).toThrow(
    "api_key_id must be 1 to 64 characters",
  );
});
