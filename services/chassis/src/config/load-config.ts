import { z } from "zod";
import packageJson from "../../package.json" with { type: "json" };
import { helpText } from "./help-text.ts";
import type { Config, Variable } from "./variable.ts";

/** Where a configuration comes from; tests hand in their own. */
export interface ConfigSource {
  readonly env: Record<string, string | undefined>;
  readonly argv: readonly string[];
}

/** Raised for an environment that cannot be used; `problems` has one line per variable, naming it, never its value. */
export class ConfigInvalid extends Error {
  override readonly name = "ConfigInvalid";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}

/** Checks every variable. An empty one counts as unset. Throws ConfigInvalid with all problems at once. */
export function parseConfig<V extends Record<string, Variable>>(variables: V, env: ConfigSource["env"]): Config<V> {
  const values: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, { schema }] of Object.entries(variables)) {
    const text = env[name] === "" ? undefined : env[name];
    const result = schema.safeParse(text);
    if (result.success) values[name] = result.data;
    else problems.push(`${name}: ${text === undefined ? "must be set" : problemOf(result.error)}`);
  }
  if (problems.length > 0) throw new ConfigInvalid(problems);
  return values as Config<V>;
}

/**
 * A service's configuration, read once at its start. `--help` prints every variable and exits 0, `--version` likewise;
 * an environment that cannot be used prints every problem and exits 2.
 */
export function loadConfig<V extends Record<string, Variable>>(
  service: string,
  variables: V,
  source: ConfigSource = { env: process.env, argv: process.argv.slice(2) },
): Config<V> {
  if (source.argv.includes("--help")) {
    console.log(helpText(service, variables));
    process.exit(0);
  }
  if (source.argv.includes("--version")) {
    console.log(`${service} ${packageJson.version}`);
    process.exit(0);
  }
  try {
    return parseConfig(variables, source.env);
  } catch (error) {
    if (!(error instanceof ConfigInvalid)) throw error;
    console.error(`${service} cannot start:\n${error.problems.map((problem) => `  ${problem}`).join("\n")}`);
    console.error(`Run it with --help for what can be set.`);
    process.exit(2);
  }
}

function problemOf(error: z.ZodError): string {
  return error.issues.map(({ message }) => message).join("; ");
}
