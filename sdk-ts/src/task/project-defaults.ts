import type { ConfigLogLevel } from "./define-config.ts";
import type { MachinePresetName } from "./machine.ts";
import { processGlobal } from "./process-global.ts";
import type { RetryOptions } from "./retry-options.ts";

/** What a project's config says for all its tasks. */
export interface ProjectDefaults {
  readonly retry?: RetryOptions;
  readonly isRetryDisabledInDevelopment?: boolean;
  readonly maxDurationS?: number;
  readonly machine?: MachinePresetName;
  readonly logLevel?: ConfigLogLevel;
}

/** Set before any task is defined; empty where no config is loaded, as in the programs that trigger tasks. */
export const projectDefaults = processGlobal("project-defaults", (): { current: ProjectDefaults } => ({ current: {} }));
