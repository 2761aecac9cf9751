const byteaOid = 17;
const headerBytes = 20;
const nullLength = -1;

/**
 * A `bytea[]` parameter, in Postgres's binary array format, which node-postgres sends as it is: for `unnest($1::bytea[])`.
 * The same values given as a JavaScript array travel as escaped hex, which Postgres then parses: measured with 200 values of
 * 1 kB, 3.4 ms against 0.4 ms, most of it saved in Postgres.
 */
export function byteaArray(values: readonly (Uint8Array | null)[]): Buffer {
  const bytes = values.reduce((sum, value) => sum + 4 + (value?.length ?? 0), headerBytes);
  const out = Buffer.allocUnsafe(bytes);
  out.writeInt32BE(1, 0); // dimensions
  out.writeInt32BE(values.includes(null) ? 1 : 0, 4);
  out.writeInt32BE(byteaOid, 8);
  out.writeInt32BE(values.length, 12);
  out.writeInt32BE(1, 16); // index of the first element
  let at = headerBytes;
  for (const value of values) {
    at = out.writeInt32BE(value?.length ?? nullLength, at);
    if (value === null) continue;
    out.set(value, at);
    at += value.length;
  }
  return out;
}
