import { configured, resolveConfig } from "../../client/client-config.ts";
import { SDK_VERSION } from "../../version.ts";
import { describeFailure } from "../failure.ts";
import { type Check, ok, wrong } from "./check.ts";

/** What runs here. */
export function checkVersions(): Check {
  return ok("versions", `windlass ${SDK_VERSION}, Node.js ${process.version}, ${process.platform} ${process.arch}`);
}

/** Whether somebody has said which cluster to talk to, and as whom; where they said it. */
export function checkConfiguration(env: NodeJS.ProcessEnv): Check {
  const { config } = configured;
  try {
    const { apiKey } = resolveConfig(config, undefined, env);
    const url = sourceOf("--url", config.url, env, ["WINDLASS_URL", "TRIGGER_API_URL"]);
    const key = sourceOf("--api-key", config.apiKey, env, ["WINDLASS_API_KEY", "TRIGGER_SECRET_KEY"]);
    return ok("configuration", `address from ${url}, API key ending in ${apiKey.slice(-4)} from ${key}`);
  } catch (error) {
    const { message, hint } = describeFailure(error);
    return wrong("configuration", message, hint ?? "Give --url and --api-key.");
  }
}

function sourceOf(flag: string, value: string | undefined, env: NodeJS.ProcessEnv, names: readonly string[]): string {
  return value === undefined ? (names.find((name) => env[name] !== undefined) ?? flag) : flag;
}
