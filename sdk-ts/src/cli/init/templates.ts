/** A file that `windlass init` writes. */
export interface Template {
  /** Relative, with "/". */
  readonly path: string;
  readonly content: string;
}

/** What a new project begins with. */
export function templates(project: string): Template[] {
  return [
    { path: "trigger/hello-world.ts", content: HELLO_WORLD },
    { path: "windlass.config.ts", content: config(project) },
    { path: "tsconfig.json", content: TSCONFIG },
  ];
}

const HELLO_WORLD = `import { logger, task } from "@windlass/sdk";

/** Every exported task of this folder can be triggered by its id. */
export const helloWorld = task({
  id: "hello-world",
  retry: { maxAttempts: 3 },
  run: async (payload: { message: string }, { ctx }) => {
    logger.info("Hello from a task", { attempt: ctx.attempt.number });
    return { greeting: \`You said: \${payload.message}\` };
  },
});
`;

function config(project: string): string {
  return `import { defineConfig } from "@windlass/sdk";

export default defineConfig({
  project: ${JSON.stringify(project)},
  // Where the tasks are.
  dirs: ["./trigger"],
  // How the tasks that say nothing else are retried.
  retries: {
    enabledInDev: true,
    default: { maxAttempts: 3, minTimeoutInMs: 1_000, maxTimeoutInMs: 60_000, factor: 2, randomize: true },
  },
});
`;
}

/** The settings under which Node runs TypeScript as it is written. */
const TSCONFIG = `{
  "compilerOptions": {
    "target": "esnext",
    "module": "nodenext",
    "strict": true,
    "noEmit": true,
    "skipLibCheck": true,
    "allowImportingTsExtensions": true,
    "erasableSyntaxOnly": true,
    "verbatimModuleSyntax": true,
    "types": ["node"]
  },
  "include": ["trigger", "windlass.config.ts"]
}
`;
