import type { ExecutionService } from "@windlass/proto";
import type { Client } from "@windlass/proto/grpc";
import { createSecretRedactor, type SecretRedactor } from "./secret-redactor.ts";

/** What an environment defines for its tasks. */
export interface EnvironmentVariables {
  readonly values: Readonly<Record<string, string>>;
  /** Keeps its secrets out of what workers tell; undefined when it has none that can be found. */
  readonly redactor: SecretRedactor | undefined;
}

/** The variables that environments define for their tasks. */
export interface Variables {
  /**
   * Those of an environment at this revision, or newer ones when it has changed meanwhile; read once for each revision.
   * Rejects with CallFailure when they cannot be had, and then they are read again the next time.
   */
  read(environmentId: string, revision: bigint): Promise<EnvironmentVariables>;
}

/** How many environments' variables are kept. */
const maxKept = 100;

export function createVariables(client: Pick<Client<typeof ExecutionService>, "getVariables">): Variables {
  const kept = new Map<string, Promise<EnvironmentVariables>>();

  async function fetch(environmentId: string): Promise<EnvironmentVariables> {
    const { variables, secretNames } = await client.getVariables({ environmentId });
    const redactor = createSecretRedactor(secretNames.map((name) => [name, variables[name] ?? ""] as const));
    return { values: variables, redactor };
  }

  return {
    read(environmentId, revision) {
      const key = `${environmentId} ${revision}`;
      const found = kept.get(key);
      if (found !== undefined) return found;
      const fetched = fetch(environmentId);
      kept.set(key, fetched);
      const oldest = kept.keys().next().value;
      if (kept.size > maxKept && oldest !== undefined) kept.delete(oldest);
      fetched.catch(() => kept.delete(key));
      return fetched;
    },
  };
}
