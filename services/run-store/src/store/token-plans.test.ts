import type { Statement } from "@windlass/chassis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ENVIRONMENT_ID, startHotStore } from "../testing/hot-store.ts";
import { tableAccesses } from "../testing/table-accesses.ts";
import { COMPLETE_TOKEN } from "./complete-token.ts";
import { LIST_DUE } from "./list-due.ts";
import { LIST_TOKENS } from "./list-tokens.ts";
import { READ_TOKENS } from "./read-tokens.ts";
import { SELECT_TOKEN, SELECT_TOKEN_BY_KEY } from "./select-token.ts";
import { SELECT_TOKEN_TIMEOUTS, TIME_OUT_TOKENS } from "./time-out-tokens.ts";

const store = await startHotStore();
afterAll(() => store.stop());

const TABLES = ["wait_tokens"];
const accesses = (statement: Statement) => tableAccesses(store.postgres, statement, TABLES);

const BY_KEY = "using wait_tokens_environment_id_id_pk on wait_tokens t";

// As in plans.test.ts: tables that seem small for good are where the planner is most tempted.
describe.each([0, 1, 60])("with %i tokens in an analyzed table", (count) => {
  beforeAll(async () => {
    await store.sql("DELETE FROM wait_tokens");
    await store.sql(
      `INSERT INTO wait_tokens (environment_id, id, status, secret_hash, idempotency_key, tags, create_time, timeout_time)
        SELECT $1, 'token_' || n, 'PENDING', sha256(''), 'key' || n, '{}', now(), now() FROM generate_series(1, $2::int) n`,
      [ENVIRONMENT_ID, count],
    );
    await store.sql("VACUUM ANALYZE");
  });

  it.each([
    ["one is read", SELECT_TOKEN],
    ["many are read", READ_TOKENS],
    ["one is completed", COMPLETE_TOKEN],
    ["many time out", TIME_OUT_TOKENS],
    ["the timeouts of some are read", SELECT_TOKEN_TIMEOUTS],
  ])("%s by primary key", async (_, statement) => {
    expect(await accesses(statement)).toEqual([`Index Scan ${BY_KEY}`]);
  });

  it("a page of an environment is a piece of the primary key", async () => {
    expect(await accesses(LIST_TOKENS)).toEqual([`Index Scan Backward ${BY_KEY}`]);
  });

  it("one is found by its idempotency key, and those that are due by their time", async () => {
    expect(await accesses(SELECT_TOKEN_BY_KEY)).toEqual([
      "Index Scan using wait_tokens_idempotency_key on wait_tokens t",
    ]);
    expect(await accesses(LIST_DUE)).toEqual(["Index Scan using wait_tokens_timeout on wait_tokens"]);
  });
});
