import { availableParallelism, hostname } from "node:os";
import { address, commaList, commonVariables, loadConfig, variable, wholeNumber } from "@windlass/chassis";
import { z } from "zod";
import { sandboxTiers } from "./driver/driver.ts";
import { egressModes, egressOf } from "./driver/egress/egress-settings.ts";
import { maxEgressTargets, parseEgressTarget } from "./driver/egress/egress-target.ts";
import { type Capacity, machinePresets, offeredMachines } from "./driver/machine.ts";

/** Each costs a stream and a credit: more would leave workers with leases that they cannot use. */
const maxQueueServices = 16;

const queueAddresses = commaList().pipe(
  z
    .array(address())
    .min(1, "must name at least one")
    .max(maxQueueServices, `must be at most ${maxQueueServices}`)
    .refine((addresses) => new Set(addresses).size === addresses.length, "must name each once"),
);

const machines = commaList().pipe(
  z
    .array(z.enum(machinePresets))
    .min(1, "must name at least one")
    .refine((presets) => new Set(presets).size === presets.length, "must name each once"),
);

/** What workers may reach, or not. */
const egressTargets = commaList().pipe(
  z
    .array(
      z.string().superRefine((text, context) => {
        try {
          parseEgressTarget(text);
        } catch (error) {
          context.addIssue({ code: "custom", message: (error as Error).message });
        }
      }),
    )
    .max(maxEgressTargets, `must be at most ${maxEgressTargets}; networks like 192.0.2.0/24 take one`),
);

/** So many of something that comes in parts. */
function amount(unit: string) {
  return z
    .string()
    .regex(/^\d{1,6}(\.\d{1,3})?$/, `must be a number of ${unit}, for example 4 or 1.5`)
    .transform(Number)
    .pipe(z.number().positive());
}

/** Everything the supervisor reads from its environment; `--help` prints it. */
export const supervisorVariables = {
  ...commonVariables,
  WINDLASS_LISTEN: variable(address("listen").default("127.0.0.1:7073"), {
    description: "Where health is served.",
  }),
  WINDLASS_RUN_STORE_ADDRESS: variable(address().default("127.0.0.1:7070"), {
    description: "The run-store.",
  }),
  WINDLASS_QUEUE_ADDRESS: variable(queueAddresses.default(["127.0.0.1:7071"]), {
    description: "The queue; with several queue services all of them, separated by commas.",
  }),
  WINDLASS_WORKERS: variable(wholeNumber({ min: 1, max: 1_000 }).default(availableParallelism()), {
    description: "How many attempts execute at once; one more process is kept as a spare.",
  }),
  WINDLASS_MACHINES: variable(machines.optional(), {
    description:
      "The machine presets that it offers, separated by commas: it is given runs of no other. Unset: all that fit its capacity.",
  }),
  WINDLASS_CAPACITY_CPU: variable(amount("vCPU").optional(), {
    description: "What the machines of all attempts that execute may add up to. Unset: only WINDLASS_WORKERS counts.",
    unit: "vCPU",
  }),
  WINDLASS_CAPACITY_MEMORY_GB: variable(amount("GB").optional(), {
    description:
      "The same for memory, in which attempts that wait keep what their process has. Unset: memory is not counted.",
    unit: "GB",
  }),
  WINDLASS_DRIVER: variable(z.enum([...sandboxTiers, "auto"]).default("process"), {
    description:
      "What workers are run with: process (no security boundary), runc, crun or runsc (containers; Linux, root, cgroups), or auto, the strongest that works here. It is tried at start, and never replaced by a weaker one.",
  }),
  WINDLASS_RUNTIME_PATH: variable(z.string().startsWith("/", "must be an absolute path").optional(), {
    description: "The program of runc, crun or runsc. Unset: found by its name.",
  }),
  WINDLASS_REQUIRE_TIER: variable(z.enum(sandboxTiers).default("process"), {
    description: "The weakest sandbox that will do, process < runc = crun < runsc: else the supervisor does not start.",
  }),
  WINDLASS_EGRESS: variable(z.enum(egressModes).optional(), {
    description:
      "What workers of runc, crun and runsc may reach: none, allowlist or open, everything. Never this machine, the run-store, the queue, link-local and metadata addresses, IPv6. All but none need slirp4netns, nft and /dev/net/tun. Unset: open.",
  }),
  WINDLASS_EGRESS_ALLOW: variable(egressTargets.default([]), {
    description: "With allowlist: addresses, networks like 192.0.2.0/24 and names of hosts, separated by commas.",
  }),
  WINDLASS_EGRESS_DENY: variable(egressTargets.default([]), {
    description:
      "The same, for what workers are never to reach: PostgreSQL and NATS if they are elsewhere, networks of a cluster's pods.",
  }),
  WINDLASS_DATA_DIR: variable(z.string().min(1).default(".windlass/supervisor"), {
    description: "Where bundles are kept. One folder per supervisor.",
  }),
  WINDLASS_SUPERVISOR_TTL_MS: variable(wholeNumber({ min: 1_000, max: 3_600_000 }).default(30_000), {
    description: "How long the cluster waits for a silent supervisor before it gives its runs to others.",
    unit: "ms",
  }),
  WINDLASS_HEARTBEAT_INTERVAL_MS: variable(wholeNumber({ min: 100, max: 600_000 }).default(5_000), {
    description: "How often it says that it lives; less than half of the TTL.",
    unit: "ms",
  }),
  WINDLASS_CANCEL_LIMIT_MS: variable(wholeNumber({ min: 0, max: 3_600_000 }).default(30_000), {
    description: "How long a canceled attempt may take to end before its process group is killed.",
    unit: "ms",
  }),
  WINDLASS_MAX_SUSPENDED: variable(wholeNumber({ min: 0, max: 10_000 }).default(500), {
    description: "How many attempts may wait at once, each with its process stopped and its memory kept.",
  }),
};

export type SupervisorConfig = ReturnType<typeof readConfig>;

/** Reads the environment; exits the process when it cannot be used (see loadConfig). */
export function readConfig() {
  const config = loadConfig("supervisor", supervisorVariables);
  if (config.WINDLASS_HEARTBEAT_INTERVAL_MS * 2 > config.WINDLASS_SUPERVISOR_TTL_MS) {
    console.error("supervisor cannot start:\n  WINDLASS_HEARTBEAT_INTERVAL_MS: must be less than half of the TTL");
    process.exit(2);
  }
  if (config.WINDLASS_RUNTIME_PATH !== undefined && ["process", "auto"].includes(config.WINDLASS_DRIVER)) {
    console.error("supervisor cannot start:\n  WINDLASS_RUNTIME_PATH: only with WINDLASS_DRIVER runc, crun or runsc");
    process.exit(2);
  }
  try {
    egressOf(config);
  } catch (error) {
    console.error(`supervisor cannot start:\n  WINDLASS_EGRESS: ${(error as Error).message}`);
    process.exit(2);
  }
  try {
    offeredMachines(config.WINDLASS_MACHINES, capacityOf(config));
  } catch (error) {
    console.error(`supervisor cannot start:\n  WINDLASS_CAPACITY_*: ${(error as Error).message}`);
    process.exit(2);
  }
  return { ...config, hostname: hostname() };
}

/** What its machines may add up to. */
export function capacityOf(
  config: Pick<SupervisorConfig, "WINDLASS_CAPACITY_CPU" | "WINDLASS_CAPACITY_MEMORY_GB">,
): Capacity {
  const memoryGb = config.WINDLASS_CAPACITY_MEMORY_GB;
  return { cpu: config.WINDLASS_CAPACITY_CPU, memoryMb: memoryGb === undefined ? undefined : memoryGb * 1_024 };
}
