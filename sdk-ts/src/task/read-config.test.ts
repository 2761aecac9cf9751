import { describe, expect, it } from "vitest";
import { configExport, readConfig } from "./read-config.ts";

const project = "proj_1234";
const hook = (): void => {};

describe("a config", () => {
  it("says what holds for all tasks, and what the bundler needs", () => {
    const { defaults, build, hooks } = readConfig({
      project,
      dirs: ["./src/trigger"],
      ignorePatterns: ["**/*.story.ts"],
      retries: { enabledInDev: false, default: { maxAttempts: 5 } },
      maxDuration: 60,
      machine: { preset: "micro" },
      logLevel: "warn",
      tsconfig: "./tsconfig.tasks.json",
      build: { external: ["sharp", /^@img\//i], conditions: ["worker"], minify: true, jsx: { automatic: true } },
      onStart: hook,
      catchError: hook,
    });
    expect(defaults).toEqual({
      retry: { maxAttempts: 5 },
      isRetryDisabledInDevelopment: true,
      maxDurationS: 60,
      machine: "micro",
      logLevel: "warn",
    });
    expect(build).toEqual({
      dirs: ["./src/trigger"],
      ignorePatterns: ["**/*.story.ts"],
      external: ["sharp"],
      externalPatterns: [{ source: "^@img\\/", flags: "i" }],
      conditions: ["worker"],
      minify: true,
      jsx: { automatic: true },
      tsconfig: "./tsconfig.tasks.json",
    });
    expect(hooks).toEqual({ onStart: hook, catchError: hook });
  });

  it("may hold fields of other clusters that change no task", () => {
    const config = {
      project,
      runtime: "node-22",
      telemetry: { instrumentations: [] },
      instrumentations: [],
      enableConsoleLogging: true,
      processKeepAlive: { enabled: true },
      experimental_processKeepAlive: true,
      compatibilityFlags: ["run_engine_v2"],
      legacyDevProcessCwdBehaviour: false,
      build: { extensions: [], keepNames: true, autoDetectExternal: true },
    };
    expect(readConfig(config).project).toBe(project);
  });

  it.each([
    { what: "no object", config: 1, problem: "the config must be an object, got 1" },
    { what: "no project", config: {}, problem: "project of the config must be 1 to 128 characters" },
    { what: "an unknown field", config: { project, retry: {} }, problem: '"retry" is not an option of the config' },
    { what: "another runtime", config: { project, runtime: "bun" }, problem: 'runtime of the config must be "node"' },
    { what: "dirs as text", config: { project, dirs: "trigger" }, problem: "dirs of the config must be a list" },
    { what: "no dirs at all", config: { project, dirs: [] }, problem: "dirs of the config must name at least one" },
    { what: "an unknown log level", config: { project, logLevel: "loud" }, problem: "logLevel of the config" },
    { what: "3 seconds", config: { project, maxDuration: 3 }, problem: "maxDuration of the config must be" },
    { what: "a machine", config: { project, machine: "huge" }, problem: "machine of the config must be one of" },
    {
      what: "retries out of range",
      config: { project, retries: { default: { maxAttempts: 0 } } },
      problem: "retry.maxAttempts of the config",
    },
    { what: "retries by word", config: { project, retries: { enabledInDev: "no" } }, problem: "true or false" },
    { what: "a hook that is none", config: { project, onStart: {} }, problem: "onStart of the config must be a func" },
    {
      what: "both names of one hook",
      config: { project, handleError: hook, catchError: hook },
      problem: "the config has both handleError and catchError",
    },
    {
      what: "extensions",
      config: { project, build: { extensions: [{ name: "PrismaExtension" }] } },
      problem: "build.extensions of the config cannot be honoured (PrismaExtension)",
    },
    {
      what: "an unknown build option",
      config: { project, build: { bundle: false } },
      problem: '"bundle" is not an option of the build of the config',
    },
  ])("is refused with $what", ({ config, problem }) => {
    expect(() => readConfig(config)).toThrow(problem);
  });

  it("needs no project in a worker", () => {
    expect(readConfig({ project: undefined }, { needsProject: false }).project).toBe("");
  });

  it.each([
    { what: "the default export", exports: { default: { project } } },
    { what: "an export named config", exports: { config: { project } } },
    { what: "a CommonJS default export", exports: { default: { __esModule: true, default: { project } } } },
  ])("is $what", ({ exports }) => {
    expect(configExport(exports)).toEqual({ project });
  });

  it("must be exported", () => {
    expect(() => configExport({ other: 1 })).toThrow("it must export its config");
  });
});
