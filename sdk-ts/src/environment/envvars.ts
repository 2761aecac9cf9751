import { EnvironmentType } from "@windlass/proto";
import { callCluster, given } from "../client/call-cluster.ts";
import { refuseUnknownOptions } from "../client/call-options.ts";
import { type Connection, defaultConnection } from "../client/connection.ts";
import { invalidField, windlassErrorFrom } from "../client/windlass-error.ts";

/** A variable that tasks find in process.env. */
export interface EnvironmentVariable {
  readonly name: string;
  /** Of a secret in a list: "<redacted>". */
  readonly value: string;
  /** Whether its value is kept out of logs and errors of tasks. */
  readonly isSecret: boolean;
}

/** Whether variables are secrets; left out: those that are there stay what they are, new ones become secrets. */
interface SecrecyOption {
  readonly isSecret?: boolean | undefined;
}

export interface CreateVariableParams extends SecrecyOption {
  readonly name: string;
  readonly value: string;
}

export interface UpdateVariableParams extends SecrecyOption {
  readonly value: string;
}

export interface UploadVariablesParams extends SecrecyOption {
  readonly variables: Readonly<Record<string, string>>;
  /** true: over those that are there. Otherwise, when one of them is there already, none is set: VARIABLE_EXISTS. */
  readonly override?: boolean | undefined;
}

/**
 * Which environment: the API key's in any case. Who names it nonetheless is refused (FIELD_INVALID) when the key belongs to
 * another one; "dev", "staging" and "prod" are also names for environments of these types.
 */
type InEnvironment<Args extends readonly unknown[]> = Args | readonly [projectRef: string, slug: string, ...args: Args];

/** A change that has been made. */
interface Changed {
  readonly success: true;
}

const REDACTED = "<redacted>";
const SUCCESS: Changed = { success: true };

/**
 * Reads and changes the variables that tasks of the default connection's environment find in process.env. Workers started
 * afterwards have them; runs under way keep what they have. Needs an API key, inside of a task too: then `configure` it.
 * Everything here throws WindlassError.
 */
export const envvars = {
  /** All of them by name; what a secret's value is, only `retrieve` tells. */
  async list(...args: InEnvironment<readonly []>): Promise<EnvironmentVariable[]> {
    const { connection } = await enter("list", args, 0);
    const { variables, secretNames } = await callCluster(connection, (call) =>
      connection.environments.listVariables({}, call),
    );
    const secrets = new Set(secretNames);
    return Object.entries(variables)
      .map(([name, value]) => ({ name, value: secrets.has(name) ? REDACTED : value, isSecret: secrets.has(name) }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  },

  /** One of them with its value, that of a secret too. Throws VARIABLE_NOT_FOUND. */
  async retrieve(...args: InEnvironment<readonly [name: string]>): Promise<EnvironmentVariable> {
    const { connection, rest } = await enter("retrieve", args, 1);
    const name = checkText("name", rest[0]);
    const { value, isSecret } = await callCluster(connection, (call) =>
      connection.environments.getVariable({ name }, call),
    );
    return { name, value, isSecret };
  },

  /** Sets one, over what is there. */
  async create(...args: InEnvironment<readonly [params: CreateVariableParams]>): Promise<Changed> {
    const { connection, rest } = await enter("create", args, 1);
    const { name, value, isSecret } = checkParams(rest[0], ["name", "value", "isSecret"]);
    const variables = { [checkText("name", name)]: checkText("value", value) };
    const request = { variables, ...secrecy(isSecret) };
    await callCluster(connection, (call) => connection.environments.setVariables(request, call));
    return SUCCESS;
  },

  /** Changes one that is there. Throws VARIABLE_NOT_FOUND. */
  async update(...args: InEnvironment<readonly [name: string, params: UpdateVariableParams]>): Promise<Changed> {
    const { connection, rest } = await enter("update", args, 2);
    const name = checkText("name", rest[0]);
    const { value, isSecret } = checkParams(rest[1], ["value", "isSecret"]);
    const request = { name, value: checkText("value", value), ...secrecy(isSecret) };
    await callCluster(connection, (call) => connection.environments.updateVariable(request, call));
    return SUCCESS;
  },

  /** Removes one; one that is not there is passed over. */
  async del(...args: InEnvironment<readonly [name: string]>): Promise<Changed> {
    const { connection, rest } = await enter("del", args, 1);
    const names = [checkText("name", rest[0])];
    await callCluster(connection, (call) => connection.environments.deleteVariables({ names }, call));
    return SUCCESS;
  },

  /** Sets many at once, all or none. */
  async upload(...args: InEnvironment<readonly [params: UploadVariablesParams]>): Promise<Changed> {
    const { connection, rest } = await enter("upload", args, 1);
    const { variables, override, isSecret } = checkParams(rest[0], ["variables", "override", "isSecret"]);
    const request = { variables: checkVariables(variables), mustBeNew: override !== true, ...secrecy(isSecret) };
    const { environments, config } = connection;
    // Repeated, it would find its own variables there.
    if (request.mustBeNew) await once(environments.setVariables(request, { timeoutMs: config.timeoutMs }));
    else await callCluster(connection, (call) => environments.setVariables(request, call));
    return SUCCESS;
  },
};

/** Takes the environment from the front of the arguments, if it is there, and compares it with the API key's. */
async function enter(
  method: string,
  args: readonly unknown[],
  count: number,
): Promise<{ connection: Connection; rest: readonly unknown[] }> {
  const connection = defaultConnection();
  if (args.length === count) return { connection, rest: args };
  if (args.length !== count + 2)
    throw invalidField("arguments", `of envvars.${method} must be ${count}, or ${count + 2} with project and slug.`);
  await checkEnvironment(connection, checkText("projectRef", args[0]), checkText("slug", args[1]));
  return { connection, rest: args.slice(2) };
}

const TYPE_SLUGS: ReadonlyMap<EnvironmentType, string> = new Map([
  [EnvironmentType.DEVELOPMENT, "dev"],
  [EnvironmentType.STAGING, "staging"],
  [EnvironmentType.PRODUCTION, "prod"],
]);

async function checkEnvironment(connection: Connection, project: string, slug: string): Promise<void> {
  const answer = await callCluster(connection, (call) => connection.environments.getEnvironment({}, call));
  const environment = given(answer.environment, "the environment");
  const isMeant = slug === environment.slug || slug === TYPE_SLUGS.get(environment.type);
  if (environment.project === project && isMeant) return;
  const field = environment.project === project ? "slug" : "projectRef";
  throw invalidField(
    field,
    `must be of the API key's environment, ${environment.slug} of the project ${environment.project}; use a key of the other one.`,
  );
}

async function once(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    throw windlassErrorFrom(error);
  }
}

function secrecy(isSecret: unknown): { isSecret?: boolean } {
  if (isSecret === undefined) return {};
  if (typeof isSecret === "boolean") return { isSecret };
  throw invalidField("isSecret", "must be true or false.");
}

function checkParams(params: unknown, known: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof params !== "object" || params === null) throw invalidField("params", "must be an object.");
  refuseUnknownOptions(params, known);
  return params as Record<string, unknown>;
}

function checkVariables(variables: unknown): Record<string, string> {
  if (typeof variables !== "object" || variables === null || Array.isArray(variables))
    throw invalidField("variables", "must be an object of names and values.");
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [name, checkText(`variables.${name}`, value)]),
  );
}

/** Throws FIELD_INVALID, without the value. */
function checkText(field: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw invalidField(field, "must be a string.");
}
