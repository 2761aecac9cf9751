/**
 * One SQL statement. Each connection prepares it once, under its name; so a name stands for one text, for ever.
 * Parameters are `$1` ... and carry a cast (`$1::text[]`) where Postgres cannot infer their type.
 */
export interface Statement {
  readonly name: string;
  readonly text: string;
}
