import { join, dirname } from "node:path";
import type { BuildOptions, Plugin } from "esbuild";
import type { BuildSettings } from "../task/read-config.ts";

/** A config's build settings in the bundler's words. */
export function esbuildSettings(root: string, configPath: string, settings: BuildSettings): BuildOptions {
  const { jsx } = settings;
  return {
    // Names stay: they are in stacks and in what users look tasks up by.
    ...(settings.minify && { minifyIdentifiers: true, keepNames: true }),
    external: [...settings.external],
    ...(settings.conditions.length > 0 && { conditions: [...settings.conditions] }),
    ...(settings.tsconfig !== undefined && { tsconfig: join(root, dirname(configPath), settings.tsconfig) }),
    ...(jsx?.automatic === true && { jsx: "automatic" as const }),
    ...(jsx?.factory !== undefined && { jsxFactory: jsx.factory }),
    ...(jsx?.fragment !== undefined && { jsxFragment: jsx.fragment }),
  };
}

/** Leaves out of the bundle what matches a pattern of `build.external`. */
export function externalPatterns(settings: BuildSettings): Plugin {
  const patterns = settings.externalPatterns.map(({ source, flags }) => new RegExp(source, flags.replace(/[gy]/g, "")));
  return {
    name: "windlass-external-patterns",
    setup(build) {
      if (patterns.length === 0) return;
      build.onResolve({ filter: /^[^./]/ }, ({ path }) =>
        patterns.some((pattern) => pattern.test(path)) ? { path, external: true } : undefined,
      );
    },
  };
}
