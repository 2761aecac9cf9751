import { type EnvironmentService, EnvironmentType, ErrorReason } from "@windlass/proto";
import { CallFailure, type ServiceImplementation, status } from "@windlass/proto/grpc";

/** What a test's cluster keeps of its only environment. */
export interface StoredEnvironment {
  concurrencyLimit: number | undefined;
  variables: Record<string, string>;
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
  return {
    getEnvironment: async () => describe(),
    setConcurrencyLimit: async ({ concurrencyLimit }) => {
      environment.concurrencyLimit = concurrencyLimit;
      return describe();
    },
    setVariables: async ({ variables }) => {
      Object.assign(environment.variables, variables);
      return {};
    },
    listVariables: async () => ({ variables: environment.variables }),
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
