import { expect, test } from "vitest";
import { connectToPostgres } from "./connect-to-postgres.ts";
import { createTestDatabase } from "./test-database.ts";

test("every test file gets a database of its own, and it is gone afterwards", async () => {
  const [one, other] = [await createTestDatabase(), await createTestDatabase()];
  const inOne = await connectToPostgres(one.url);
  await inOne.query({ name: "make", text: "create table only_here ()" });
  const inOther = await connectToPostgres(other.url);
  expect(await inOther.query({ name: "find", text: "select from pg_tables where tablename = 'only_here'" })).toEqual(
    [],
  );

  await inOne.stop();
  await one.drop();
  expect(
    await inOther.query({
      name: "list",
      text: `select from pg_database where datname = '${new URL(one.url).pathname.slice(1)}'`,
    }),
  ).toEqual([]);
  await inOther.stop();
  await other.drop();
});
