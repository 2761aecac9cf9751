import path from "node:path";

/** The repository this file is part of. */
export const repositoryDirectory: string = path.resolve(import.meta.dirname, "../../..");

/** Everything a local cluster keeps, in one folder that can be deleted as a whole while nothing runs. */
export interface LocalPaths {
  /** The folder itself. */
  readonly home: string;
  readonly lockFile: string;
  readonly secretsFile: string;
  /** One record per living process; see managed-process.ts. */
  readonly records: string;
  readonly logs: string;
  readonly postgres: string;
  readonly nats: string;
  /** Programs fetched because the machine lacks them. */
  readonly tools: string;
  /** What Node.js has made of the services' TypeScript: with it they need no compiler, 12 MB and half a second of processor time less each. */
  readonly compileCache: string;
}

/** The layout of a home folder. Nothing is created. */
export function localPaths(home: string): LocalPaths {
  const inHome = (name: string): string => path.join(home, name);
  return {
    home,
    lockFile: inHome("lock"),
    secretsFile: inHome("secrets.json"),
    records: inHome("processes"),
    logs: inHome("logs"),
    postgres: inHome("postgres"),
    nats: inHome("nats"),
    tools: path.join(repositoryDirectory, ".windlass", "tools"),
    compileCache: path.join(repositoryDirectory, ".windlass", "compile-cache"),
  };
}
