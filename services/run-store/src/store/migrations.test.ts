import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { connectToPostgres } from "../../../../test/kit/connect-to-postgres.ts";
import { createStoreDatabase, createTestDatabase, type TestDatabase } from "../../../../test/kit/test-database.ts";

const SERVICE = path.resolve(import.meta.dirname, "../..");

/** What a database is made of, a line each. Partitions are as their table. */
const DESCRIPTION = `
  select format('column %s.%s %s%s default %s collate %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
      case when a.attnotnull then ' not null' else '' end, coalesce(pg_get_expr(d.adbin, d.adrelid), ''), l.collname) as line
    from pg_attribute a join pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p') and not c.relispartition
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum left join pg_collation l on l.oid = a.attcollation
    where a.attnum > 0 and not a.attisdropped and c.relnamespace = 'public'::regnamespace
  union all select format('constraint %s.%s %s', c.relname, k.conname, pg_get_constraintdef(k.oid))
    from pg_constraint k join pg_class c on c.oid = k.conrelid and not c.relispartition
    where k.connamespace = 'public'::regnamespace and k.contype <> 'n'
  union all select format('index %s', replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON '))
    from pg_index i join pg_class c on c.oid = i.indrelid and not c.relispartition where c.relnamespace = 'public'::regnamespace
  union all select format('enum %s %s', t.typname, string_agg(e.enumlabel, ', ' order by e.enumsortorder))
    from pg_type t join pg_enum e on e.enumtypid = t.oid group by t.typname
  union all select format('sequence %s', c.relname) from pg_class c where c.relkind = 'S' and c.relnamespace = 'public'::regnamespace
  order by line`;

async function describeDatabase(database: TestDatabase, statements = ""): Promise<string[]> {
  const postgres = await connectToPostgres(database.url);
  try {
    for (const text of statements.split(";\n")) if (text.trim() !== "") await postgres.query({ name: "", text });
    return (await postgres.query<{ line: string }>({ name: "", text: DESCRIPTION })).map(({ line }) => line);
  } finally {
    await postgres.stop();
    await database.drop();
  }
}

it("migrations make the database that the schema describes, those edited by hand too", async () => {
  const args = ["export", "--dialect", "postgresql", "--schema", "./src/store/schema/*.ts"];
  const drizzleKit = path.join(SERVICE, "../../node_modules/.bin/drizzle-kit");
  const { stdout } = await promisify(execFile)(drizzleKit, args, { cwd: SERVICE });
  const described = await describeDatabase(await createTestDatabase(), stdout);
  expect(await describeDatabase(await createStoreDatabase())).toEqual(described);
});
