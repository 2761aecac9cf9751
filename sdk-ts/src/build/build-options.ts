import type { BuildOptions } from "esbuild";

/** What the two halves of a bundle have in common. */
export const BUILD_OPTIONS = {
  bundle: true,
  write: false,
  platform: "node",
  format: "esm",
  target: "node22",
  charset: "utf8",
  legalComments: "none",
  logLevel: "silent",
  // Comments with the paths of the machine that bundles go with the white space; less of it also loads faster. Names stay, for stacks.
  minifyWhitespace: true,
  minifySyntax: true,
  // CommonJS packages call require, and may ask where they are. var: a task file may declare the same names.
  banner: {
    js: [
      'import{createRequire as __windlassRequire}from"node:module";',
      "var require=__windlassRequire(import.meta.url),__filename=import.meta.filename,__dirname=import.meta.dirname;",
    ].join(""),
  },
} as const satisfies BuildOptions;
