import { describeValue, refuseUnknownKeys } from "./check-options.ts";
import { checkHooks } from "./define-task.ts";
import { type ConfigLogLevel, logLevels } from "./define-config.ts";
import { type AnyHook, type HookName, hookNames } from "./hook-types.ts";
import { resolveMachine } from "./machine.ts";
import { resolveMaxDuration } from "./max-duration.ts";
import type { ProjectDefaults } from "./project-defaults.ts";
import { resolveRetryOptions, type RetryOptions } from "./retry-options.ts";

/** A config, checked: what holds for its tasks at run time, and what the bundler needs of it. */
export interface ReadConfig {
  readonly project: string;
  readonly defaults: ProjectDefaults;
  readonly hooks: Partial<Record<HookName, AnyHook>>;
  readonly build: BuildSettings;
}

/** What a config says to the bundler, as JSON can carry it. */
export interface BuildSettings {
  readonly dirs?: readonly string[];
  readonly ignorePatterns: readonly string[];
  /** Names of packages, "*" standing for anything. */
  readonly external: readonly string[];
  /** Patterns that an import may match, to be external too. */
  readonly externalPatterns: readonly { readonly source: string; readonly flags: string }[];
  readonly conditions: readonly string[];
  readonly minify: boolean;
  readonly jsx?: { readonly factory?: string; readonly fragment?: string; readonly automatic?: boolean };
  readonly tsconfig?: string;
}

const OWNER = "the config";
const HONOURED = [
  "project",
  "dirs",
  "ignorePatterns",
  "retries",
  "maxDuration",
  "machine",
  "logLevel",
  "build",
  "tsconfig",
  ...hookNames,
];
/** Of other clusters of this task model. They describe what is decided elsewhere here, and no task behaves differently for it. */
const LEFT_ALONE = [
  "runtime",
  "telemetry",
  "instrumentations",
  "enableConsoleLogging",
  "processKeepAlive",
  "experimental_processKeepAlive",
  "compatibilityFlags",
  "legacyDevProcessCwdBehaviour",
  "experimental_autoDetectExternal",
];
/** autoDetectExternal is left alone: a package that cannot be bundled is an error here, and is then named in external. */
const BUILD_FIELDS = ["external", "conditions", "keepNames", "minify", "jsx", "extensions", "autoDetectExternal"];

/**
 * Checks what a config file exports. Throws a TypeError that names the field and what it may be. A worker does without
 * the project, which many configs take from a variable of the machine that deploys.
 */
export function readConfig(exported: unknown, { needsProject = true } = {}): ReadConfig {
  const config = record("it", exported);
  refuseUnknownKeys("config", config, [...HONOURED, ...LEFT_ALONE]);
  const { runtime } = config;
  if (runtime !== undefined && !(typeof runtime === "string" && /^node(-\d+)?$/.test(runtime))) {
    throw wrong("runtime", 'be "node": tasks run on the Node of the supervisor', runtime);
  }
  return {
    project: needsProject || config["project"] !== undefined ? projectRef(config["project"]) : "",
    defaults: defaultsIn(config),
    hooks: checkHooks(OWNER, config),
    build: buildSettingsIn(config),
  };
}

/** The config among the exports of its file: the default export, or one named "config". */
export function configExport(exports: Readonly<Record<string, unknown>>): unknown {
  const exported = exports["default"] ?? exports["config"];
  if (exported === undefined)
    throw new TypeError("it must export its config: export default defineConfig({ project: ... })");
  // What a CommonJS file exports, seen from a module.
  const isWrapped = typeof exported === "object" && exported !== null && "__esModule" in exported;
  return isWrapped && "default" in exported ? exported.default : exported;
}

function projectRef(project: unknown): string {
  if (typeof project === "string" && /^[\w-]{1,128}$/.test(project)) return project;
  throw wrong("project", "be 1 to 128 characters of A-Z a-z 0-9 _ -", project);
}

function defaultsIn(config: Readonly<Record<string, unknown>>): ProjectDefaults {
  const retries = record("retries", config["retries"] ?? {});
  refuseUnknownKeys("retries of the config", retries, ["enabledInDev", "default"]);
  const isEnabledInDev = optionalBoolean("retries.enabledInDev", retries["enabledInDev"]) ?? true;
  const retry = retries["default"] as RetryOptions | undefined;
  resolveRetryOptions(OWNER, retry);
  const maxDurationS = resolveMaxDuration(OWNER, config["maxDuration"]);
  const machine = resolveMachine("machine of the config", config["machine"]);
  return {
    ...(retry !== undefined && { retry }),
    isRetryDisabledInDevelopment: !isEnabledInDev,
    ...(maxDurationS !== undefined && { maxDurationS }),
    ...(machine !== undefined && { machine }),
    logLevel: logLevel(config["logLevel"]),
  };
}

function logLevel(level: unknown): ConfigLogLevel {
  if (level === undefined) return "trace";
  const known = logLevels.find((name) => name === level);
  if (known === undefined) throw wrong("logLevel", `be one of ${logLevels.join(", ")}`, level);
  return known;
}

function buildSettingsIn(config: Readonly<Record<string, unknown>>): BuildSettings {
  const build = record("build", config["build"] ?? {});
  refuseUnknownKeys("build of the config", build, BUILD_FIELDS);
  refuseExtensions(build["extensions"]);
  if (build["keepNames"] === false) throw wrong("build.keepNames", "be true: names are always kept", false);
  const dirs = config["dirs"] === undefined ? undefined : strings("dirs", config["dirs"]);
  if (dirs?.length === 0) throw wrong("dirs", "name at least one folder", "none");
  const external = list("build.external", build["external"] ?? []);
  const { tsconfig } = config;
  if (tsconfig !== undefined && typeof tsconfig !== "string") throw wrong("tsconfig", "be a path", tsconfig);
  return {
    ...(dirs !== undefined && { dirs }),
    ignorePatterns: strings("ignorePatterns", config["ignorePatterns"] ?? []),
    external: strings(
      "build.external",
      external.filter((item) => !(item instanceof RegExp)),
    ),
    externalPatterns: external.filter((item) => item instanceof RegExp).map(({ source, flags }) => ({ source, flags })),
    conditions: strings("build.conditions", build["conditions"] ?? []),
    minify: optionalBoolean("build.minify", build["minify"]) ?? false,
    ...(build["jsx"] !== undefined && { jsx: jsxSettings(build["jsx"]) }),
    ...(tsconfig !== undefined && { tsconfig }),
  };
}

function refuseExtensions(extensions: unknown): void {
  const names = list("build.extensions", extensions ?? []).map((extension) =>
    typeof extension === "object" && extension !== null && "name" in extension ? String(extension.name) : "unnamed",
  );
  if (names.length > 0) {
    throw new TypeError(
      `build.extensions of the config cannot be honoured (${names.join(", ")}): they change the image that tasks run in, and Windlass builds none. ` +
        "Install what they add where the supervisor runs, and name packages that cannot be bundled in build.external",
    );
  }
}

function jsxSettings(value: unknown): NonNullable<BuildSettings["jsx"]> {
  const jsx = record("build.jsx", value);
  refuseUnknownKeys("build.jsx of the config", jsx, ["factory", "fragment", "automatic"]);
  const { factory, fragment } = jsx;
  if (factory !== undefined && typeof factory !== "string") throw wrong("build.jsx.factory", "be a name", factory);
  if (fragment !== undefined && typeof fragment !== "string") throw wrong("build.jsx.fragment", "be a name", fragment);
  const automatic = optionalBoolean("build.jsx.automatic", jsx["automatic"]);
  return {
    ...(factory !== undefined && { factory }),
    ...(fragment !== undefined && { fragment }),
    ...(automatic !== undefined && { automatic }),
  };
}

function record(field: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw wrong(field, "be an object", value);
}

function list(field: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw wrong(field, "be a list", value);
}

function strings(field: string, value: unknown): readonly string[] {
  const items = list(field, value);
  const other = items.find((item) => typeof item !== "string" || item === "");
  if (other !== undefined) throw wrong(field, "hold nothing but strings", other);
  return items as readonly string[];
}

function optionalBoolean(field: string, value: unknown): boolean | undefined {
  if (value === undefined || typeof value === "boolean") return value;
  throw wrong(field, "be true or false", value);
}

function wrong(field: string, limit: string, value: unknown): TypeError {
  const what = field === "it" ? OWNER : `${field} of ${OWNER}`;
  return new TypeError(`${what} must ${limit}, got ${describeValue(value)}`);
}
