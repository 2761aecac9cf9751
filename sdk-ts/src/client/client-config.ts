import { processGlobal } from "../task/process-global.ts";
import { refuseUnknownKeys } from "../task/check-options.ts";
import { WindlassError } from "./windlass-error.ts";
import type { WorkerConnection } from "./worker-connection.ts";

/**
 * Which cluster to talk to, and as whom. With neither URL nor key a task talks to the cluster that runs it; any other program, and what is left out, is
 * decided by the process' environment.
 */
export interface ClientConfig {
  /** "host:port", "http://host:port" or, with TLS, "https://host". Default: WINDLASS_URL, then TRIGGER_API_URL. */
  readonly url?: string;
  /** The same, under another name. */
  readonly baseURL?: string;
  /** Decides the environment. Default: WINDLASS_API_KEY, then TRIGGER_SECRET_KEY. */
  readonly apiKey?: string;
  /** The same, under another name. */
  readonly accessToken?: string;
  /** How long a call may take, connecting included, in milliseconds. Waiting for a run's end is not limited by it. Default 30,000. */
  readonly timeoutMs?: number;
}

export interface ResolvedConfig {
  /** As gRPC wants it: "host:port" or "unix:/path". */
  readonly address: string;
  readonly useTls: boolean;
  readonly apiKey: string;
  readonly timeoutMs: number;
}

const OPTIONS = ["url", "baseURL", "apiKey", "accessToken", "timeoutMs"] as const satisfies (keyof ClientConfig)[];
const DEFAULT_TIMEOUT_MS = 30_000;
/** The longest that a timer can wait. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** Shared by every copy of the SDK in the process. */
export const configured = processGlobal("client-config", (): { config: ClientConfig } => ({ config: {} }));

export function checkConfig(config: ClientConfig): void {
  refuseUnknownKeys("client configuration", config, OPTIONS);
  const { timeoutMs = DEFAULT_TIMEOUT_MS } = config;
  if (!(timeoutMs > 0 && timeoutMs <= MAX_TIMEOUT_MS)) {
    throw new TypeError(`timeoutMs must be a number of milliseconds above 0, at most ${MAX_TIMEOUT_MS}`);
  }
}

/** Whether it says itself where to go, so that a worker's connection is not meant. */
export function namesCluster({ url, baseURL, apiKey, accessToken }: ClientConfig): boolean {
  return [url, baseURL, apiKey, accessToken].some((value) => value !== undefined);
}

/**
 * Fills in what the worker's connection says, else what the environment says. Throws WindlassError NOT_CONFIGURED naming what is missing or wrong.
 */
export function resolveConfig(
  config: ClientConfig,
  worker: WorkerConnection | undefined,
  env: NodeJS.ProcessEnv,
): ResolvedConfig {
  if (worker !== undefined && !namesCluster(config)) {
    const timeoutMs = config.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    return { address: worker.address, useTls: false, apiKey: worker.token, timeoutMs };
  }
  const url = config.url ?? config.baseURL ?? env["WINDLASS_URL"] ?? env["TRIGGER_API_URL"];
  const apiKey = config.apiKey ?? config.accessToken ?? env["WINDLASS_API_KEY"] ?? env["TRIGGER_SECRET_KEY"];
  if (!url && !apiKey) throw new WindlassError("NOT_CONFIGURED", "There is no cluster URL and no API key.");
  if (!url) throw new WindlassError("NOT_CONFIGURED", "There is no cluster URL.");
  if (!apiKey) throw new WindlassError("NOT_CONFIGURED", "There is no API key.");
  return { ...parseUrl(url), apiKey, timeoutMs: config.timeoutMs ?? DEFAULT_TIMEOUT_MS };
}

function parseUrl(url: string): Pick<ResolvedConfig, "address" | "useTls"> {
  if (url.startsWith("unix:")) return { address: url, useTls: false };
  const parsed = URL.parse(url.includes("://") ? url : `http://${url}`);
  if (parsed === null || !["http:", "https:"].includes(parsed.protocol) || parsed.hostname === "") throw wrongUrl(url);
  if (parsed.pathname !== "/" || parsed.search !== "") throw wrongUrl(url);
  const useTls = parsed.protocol === "https:";
  return { address: `${parsed.hostname}:${parsed.port || (useTls ? 443 : 80)}`, useTls };
}

function wrongUrl(url: string): WindlassError {
  return new WindlassError(
    "NOT_CONFIGURED",
    `"${url}" is not the URL of a cluster: it looks like "127.0.0.1:7070" or "https://windlass.example.com".`,
  );
}
