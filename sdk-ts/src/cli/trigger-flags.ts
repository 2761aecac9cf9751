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
  readonly debounceKey?: string;
  readonly debounceDelay?: string;
  readonly debounceMode?: "leading" | "trailing";
  readonly debounceMaxDelay?: string;
  readonly pin?: string;
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
    .option("--debounce-key <key>", "while the run of this key is delayed, put it off instead of making another")
    .option("--debounce-delay <duration>", 'it begins so long after the last trigger, as "5s"')
    .addOption(
      new Option("--debounce-mode <mode>", "whose payload counts: the first trigger's, or the last's").choices([
        "leading",
        "trailing",
      ]),
    )
    .option("--debounce-max-delay <duration>", 'it begins at the latest so long after the first trigger, as "1m"')
    .option("--pin <version>", "execute it with this version, whichever is current")
    .option("--test", "mark it as a test");
}

/** The options that the flags stand for. What is out of range the client refuses by name. Throws UsageError for metadata that is no JSON object, and for half a debounce. */
export function triggerOptionsFrom(flags: TriggerFlags): TriggerOptions {
  const { tag, test, pin, idempotencyKeyTtl, metadata, ...others } = pickTriggerFlags(flags);
  const { debounceKey, debounceDelay, debounceMode, debounceMaxDelay, ...same } = others;
  const debounce = debounceFrom({ debounceKey, debounceDelay, debounceMode, debounceMaxDelay });
  return {
    ...same,
    ...(debounce !== undefined && { debounce }),
    ...(tag !== undefined && { tags: tag }),
    ...(pin !== undefined && { version: pin }),
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
  "debounceKey",
  "debounceDelay",
  "debounceMode",
  "debounceMaxDelay",
  "pin",
  "test",
] as const satisfies (keyof TriggerFlags)[];

/** These flags alone: a command has others too. */
function pickTriggerFlags(flags: TriggerFlags): TriggerFlags {
  return Object.fromEntries(NAMES.flatMap((name) => (flags[name] === undefined ? [] : [[name, flags[name]]])));
}

function debounceFrom(flags: {
  readonly [Name in "debounceKey" | "debounceDelay" | "debounceMode" | "debounceMaxDelay"]: TriggerFlags[Name];
}): TriggerOptions["debounce"] {
  if (Object.values(flags).every((flag) => flag === undefined)) return undefined;
  const { debounceKey: key, debounceDelay: delay, debounceMode: mode, debounceMaxDelay: maxDelay } = flags;
  if (key === undefined || delay === undefined) {
    throw new UsageError("a debounce takes --debounce-key and --debounce-delay together");
  }
  return { key, delay, mode, maxDelay };
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
