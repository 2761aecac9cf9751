import { type Command, Option } from "commander";
import type { TriggerOptions } from "../client/trigger-options.ts";
import type { MetadataObject } from "../content/metadata-content.ts";
import { type MachinePresetName, machinePresets } from "../task/machine.ts";
import { collect, wholeNumber } from "./command-options.ts";
import { UsageError } from "./usage-error.ts";

/** The flags that become trigger options. */
export interface TriggerFlags {
  readonly delay?: string;
  readonly tag?: readonly string[];
  readonly idempotencyKey?: string;
  readonly idempotencyKeyTtl?: string;
  readonly queue?: string;
  readonly concurrencyKey?: string;
  readonly priority?: number;
  readonly maxAttempts?: number;
  readonly maxDuration?: number;
  readonly machine?: MachinePresetName;
  readonly ttl?: string;
  readonly metadata?: string;
  readonly test?: boolean;
}

const YEAR_S = 31_536_000;

export function withTriggerFlags(command: Command): Command {
  return command
    .option("--delay <when>", 'start later: a duration as "1h30m", or a date as "2027-01-31T09:00:00Z"')
    .addOption(new Option("--tag <tag>", "a label; may be given several times").argParser(collect))
    .option("--idempotency-key <key>", "the same key gives the same run")
    .option("--idempotency-key-ttl <duration>", 'how long the key holds, as "24h" (default: 30 days)')
    .option("--queue <name>", "the queue to wait in")
    .option("--concurrency-key <key>", "runs with the same key share a queue of their own")
    .addOption(
      new Option("--priority <seconds>", "how far it overtakes others of its queue").argParser(wholeNumber(0, YEAR_S)),
    )
    .addOption(new Option("--max-attempts <n>", "attempts in all").argParser(wholeNumber(1, 100)))
    .addOption(new Option("--max-duration <seconds>", "how long an attempt may run").argParser(wholeNumber(5, YEAR_S)))
    .addOption(new Option("--machine <preset>", "what the run may use").choices(machinePresets))
    .option("--ttl <duration>", 'give up unless it has started this soon, as "10m"')
    .option("--metadata <json>", "a JSON object that the run begins with")
    .option("--test", "mark it as a test");
}

/** The options that the flags stand for. What is out of range the client refuses by name. Throws UsageError for metadata that is no JSON object. */
export function triggerOptionsFrom(flags: TriggerFlags): TriggerOptions {
  const { tag, test, idempotencyKeyTtl, metadata, ...same } = pickTriggerFlags(flags);
  return {
    ...same,
    ...(tag !== undefined && { tags: tag }),
    ...(test !== undefined && { isTest: test }),
    ...(idempotencyKeyTtl !== undefined && { idempotencyKeyTTL: idempotencyKeyTtl }),
    ...(metadata !== undefined && { metadata: parseMetadata(metadata) }),
  };
}

const NAMES = [
  "delay",
  "tag",
  "idempotencyKey",
  "idempotencyKeyTtl",
  "queue",
  "concurrencyKey",
  "priority",
  "maxAttempts",
  "maxDuration",
  "machine",
  "ttl",
  "metadata",
  "test",
] as const satisfies (keyof TriggerFlags)[];

/** These flags alone: a command has others too. */
function pickTriggerFlags(flags: TriggerFlags): TriggerFlags {
  return Object.fromEntries(NAMES.flatMap((name) => (flags[name] === undefined ? [] : [[name, flags[name]]])));
}

function parseMetadata(text: string): MetadataObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new UsageError(`--metadata is not JSON: ${(cause as Error).message}`, { cause });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as MetadataObject;
  throw new UsageError("--metadata must be a JSON object");
}
