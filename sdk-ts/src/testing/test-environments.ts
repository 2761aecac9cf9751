import { type EnvironmentService, EnvironmentType, ErrorReason } from "@windlass/proto";
import { CallFailure, type ServiceImplementation, status } from "@windlass/proto/grpc";

/** What a test's cluster keeps of its only environment. */
export interface StoredEnvironment {
  concurrencyLimit: number | undefined;
  variables: Record<string, string>;
  /** Names of variables that are no secrets. */
  plainNames: Set<string>;
}

/** An EnvironmentService in memory, without keys. */
export function testEnvironmentService(
  environment: StoredEnvironment,
): ServiceImplementation<typeof EnvironmentService> {
  const describe = () => {
    const { concurrencyLimit } = environment;
    const fixed = { id: "env_1", slug: "dev", type: EnvironmentType.DEVELOPMENT, project: "proj" };
    return { environment: { ...fixed, ...(concurrencyLimit !== undefined && { concurrencyLimit }) } };
  };
  const isSecretNow = (name: string) => !environment.plainNames.has(name);
  const mark = (name: string, isSecret: boolean | undefined) => {
    if (isSecret === false) environment.plainNames.add(name);
    if (isSecret === true) environment.plainNames.delete(name);
  };
  const known = (name: string): string => {
    const value = environment.variables[name];
    if (value !== undefined) return value;
    const message = `This environment has no variable ${name}.`;
    throw new CallFailure({ code: status.NOT_FOUND, reason: ErrorReason.VARIABLE_NOT_FOUND, message });
  };
  return {
    getEnvironment: async () => describe(),
    setConcurrencyLimit: async ({ concurrencyLimit }) => {
      environment.concurrencyLimit = concurrencyLimit;
      return describe();
    },
    setVariables: async ({ variables, isSecret, mustBeNew }) => {
      const names = Object.keys(variables);
      const taken = names.find((name) => name in environment.variables);
      if (mustBeNew && taken !== undefined) {
        const message = `The variable ${taken} is set already; nothing was changed.`;
        throw new CallFailure({ code: status.ALREADY_EXISTS, reason: ErrorReason.VARIABLE_EXISTS, message });
      }
      for (const name of names) mark(name, isSecret);
      Object.assign(environment.variables, variables);
      return {};
    },
    updateVariable: async ({ name, value, isSecret }) => {
      known(name);
      mark(name, isSecret);
      environment.variables[name] = value;
      return {};
    },
    getVariable: async ({ name }) => ({ value: known(name), isSecret: isSecretNow(name) }),
    listVariables: async ({ withSecretValues }) => ({
      variables: Object.fromEntries(
        Object.entries(environment.variables).map(([name, value]) => [
          name,
          withSecretValues || !isSecretNow(name) ? value : "",
        ]),
      ),
      secretNames: Object.keys(environment.variables).filter(isSecretNow),
    }),
    deleteVariables: async ({ names }) => {
      environment.variables = Object.fromEntries(
        Object.entries(environment.variables).filter(([name]) => !names.includes(name)),
      );
      return {};
    },
    createEnvironment: async () => refuse(),
    createApiKey: async () => refuse(),
    listApiKeys: async () => refuse(),
    revokeApiKey: async () => refuse(),
  };
}

function refuse(): never {
  throw new CallFailure({
    code: status.PERMISSION_DENIED,
    reason: ErrorReason.NOT_PERMITTED,
    message: "A test's cluster has one environment and one key.",
  });
}
