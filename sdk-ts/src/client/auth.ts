import { refuseUnknownOptions } from "./call-options.ts";
import { defaultConnection } from "./connection.ts";
import { MAX_TOKEN_CHARACTERS } from "./public-token.ts";
import { checkTokenExpiry, type TokenExpiry } from "./token-expiry.ts";
import { invalidField, WindlassError } from "./windlass-error.ts";

/** What a public access token is to open, and for how long. */
export interface PublicTokenOptions {
  /** The ids of the runs that it lets its holder read, 1 to 100. */
  readonly scopes: { readonly read: { readonly runs: string | readonly string[] } };
  /** How long it lasts ("1h", "2d"), or when it expires: a Date, or seconds since 1970. At most 366 days; default 24 hours. */
  readonly expirationTime?: TokenExpiry | undefined;
}

const MAX_RUNS = 100;
const MAX_ID_CHARACTERS = 256;

/** Credentials for those who are not to have the API key. */
export const auth = {
  /**
   * Makes a token that lets whoever has it read these runs of the API key's environment, and nothing else: `configure({ apiKey: token })`, then
   * `runs.retrieve`, `runs.poll` and the subscriptions. Costs no call. It ends when it expires, or when the API key is revoked. Throws WindlassError:
   * FIELD_INVALID, and NOT_CONFIGURED when there is no API key to sign it with, as inside of a task.
   */
  async createPublicToken(options: PublicTokenOptions): Promise<string> {
    refuseUnknownOptions(options, ["scopes", "expirationTime"]);
    const runIds = checkScopes(options.scopes);
    const expireTime = checkTokenExpiry(options.expirationTime, "options.expirationTime", Date.now());
    const { signToken } = defaultConnection();
    if (signToken === undefined) throw cannotSign();
    const token = signToken({ runIds, expireTime });
    if (token.length > MAX_TOKEN_CHARACTERS)
      throw invalidField("options.scopes.read.runs", "are too many for one token.");
    return token;
  },
};

function checkScopes(scopes: PublicTokenOptions["scopes"] | undefined): readonly string[] {
  const { read, ...others } = scopes ?? {};
  const { runs, ...otherThings } = read ?? {};
  const unknown = [...Object.keys(others), ...Object.keys(otherThings).map((thing) => `read.${thing}`)][0];
  if (unknown !== undefined) throw invalidField(`options.scopes.${unknown}`, "is not a scope; there is read.runs.");
  const runIds = typeof runs === "string" ? [runs] : runs;
  const isValid = Array.isArray(runIds) && runIds.length >= 1 && runIds.length <= MAX_RUNS && runIds.every(isRunId);
  if (!isValid) throw invalidField("options.scopes.read.runs", `must be the id of a run, or 1 to ${MAX_RUNS} of them.`);
  return runIds as readonly string[];
}

function isRunId(id: unknown): boolean {
  return typeof id === "string" && id !== "" && id.length <= MAX_ID_CHARACTERS && id.isWellFormed();
}

function cannotSign(): WindlassError {
  return new WindlassError(
    "NOT_CONFIGURED",
    "A public access token is signed with an API key, and there is none here: a task has no API key of its own, and a public access token makes no others.",
  );
}
