import type { z } from "zod";

/** What `--help` says about a variable. */
export interface VariableDoc {
  /** One sentence: what it decides. */
  readonly description: string;
  /** Unit of the value, for example "ms". */
  readonly unit?: string;
  /** Its value is never printed. */
  readonly secret?: boolean;
}

/** One environment variable: how its text becomes a value, and what it is for. */
export interface Variable<T = unknown> {
  readonly schema: z.ZodType<T>;
  readonly doc: VariableDoc;
}

/** The values read, under the variables' own names. */
export type Config<V extends Record<string, Variable>> = {
  readonly [Name in keyof V]: V[Name] extends Variable<infer T> ? T : never;
};

/** Declares a variable. Its schema is given the text, or undefined when the variable is unset or empty. */
export function variable<T>(schema: z.ZodType<T>, doc: VariableDoc): Variable<T> {
  return { schema, doc };
}
