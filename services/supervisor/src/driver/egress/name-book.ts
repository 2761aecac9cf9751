import { lookup as lookUpHost } from "node:dns/promises";
import type { Clock, Logger } from "@windlass/chassis";

/** Asks for the IPv4 addresses of a host; rejects when there are none. */
export type Lookup = (name: string) => Promise<readonly string[]>;

/** The addresses of some hosts, as they are now. */
export interface NameBook {
  /** Asks for all. Rejects with an Error that names the host that has no address. */
  open(): Promise<void>;
  /** What is known, at once. When that is older than a minute, all are asked for again meanwhile. */
  current(): ReadonlyMap<string, readonly string[]>;
}

const freshMs = 60_000;
/** Of one host. */
const maxAddresses = 256;

/**
 * `keepsFormer`: addresses that a host no longer has are remembered, up to 256. So it is for what must not be reached: other
 * replicas of a service may still be there.
 */
export function createNameBook(options: {
  names: readonly string[];
  keepsFormer: boolean;
  clock: Clock;
  logger: Logger;
  lookup?: Lookup;
}): NameBook {
  const { names, keepsFormer, clock, logger, lookup = addressesOfHost } = options;
  const known = new Map<string, readonly string[]>();
  let askedAtMs = Number.NEGATIVE_INFINITY;

  async function ask(name: string): Promise<void> {
    const found = await lookup(name).catch((error: unknown) => {
      throw new Error(`the host ${name} cannot be resolved (${(error as Error).message})`);
    });
    const former = keepsFormer ? (known.get(name) ?? []) : [];
    known.set(name, [...new Set([...found, ...former])].slice(0, maxAddresses));
  }

  return {
    async open() {
      askedAtMs = clock.monotonicMs();
      await Promise.all(names.map(ask));
    },
    current() {
      if (clock.monotonicMs() - askedAtMs > freshMs) {
        askedAtMs = clock.monotonicMs();
        for (const name of names) {
          ask(name).catch((error: unknown) => {
            logger.warn("a host that egress is set for is not found; its last addresses go on being used", {
              name,
              error,
            });
          });
        }
      }
      return known;
    },
  };
}

async function addressesOfHost(name: string): Promise<string[]> {
  return (await lookUpHost(name, { all: true, family: 4 })).map(({ address }) => address);
}
