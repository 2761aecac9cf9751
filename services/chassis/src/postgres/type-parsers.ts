import { type CustomTypesConfig, types } from "pg";

const int8Oid = 20;
const int8ArrayOid = 1016;

type TextParser = (text: string) => unknown;
/** The typings know only the built-in scalar types; the function takes any. */
const parserOf = types.getTypeParser as (oid: number, format?: string) => TextParser;

const parseArray = parserOf(int8ArrayOid) as (text: string) => (string | null)[];
const parseInt8Array: TextParser = (text) => parseArray(text).map((item) => (item === null ? null : BigInt(item)));

/**
 * int8 becomes bigint, always: a type that changed with the value would be found out in production. A statement that
 * knows its number is small says so (`::int4`, `::float8`). The rest is node-postgres's own: timestamptz is a Date,
 * which cuts microseconds (`(extract(epoch from t) * 1e6)::int8` keeps them); bytea is a Buffer; numeric is a string.
 */
export const typeParsers: CustomTypesConfig = {
  getTypeParser: ((oid: number, format = "text"): TextParser => {
    if (format === "text" && oid === int8Oid) return BigInt;
    if (format === "text" && oid === int8ArrayOid) return parseInt8Array;
    return parserOf(oid, format);
  }) as CustomTypesConfig["getTypeParser"],
};
