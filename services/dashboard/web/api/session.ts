/** Why a sign-in failed, as a sentence. */
class SignInError extends Error {
  override readonly name = "SignInError";
}

let onSessionEnd: () => void = () => undefined;

/** Says what happens when a call finds that the session is over. */
export function watchSession(onEnd: () => void): void {
  onSessionEnd = onEnd;
}

/** A call found that the session is over. */
export function sessionEnded(): void {
  onSessionEnd();
}

/** Often enough for a page that stays open: a session lasts twelve hours, and is renewed in the second half of them. */
const RENEW_EVERY_MS = 3_600_000;

/** Keeps the session of a page that stays open from growing old. */
export function keepSession(): void {
  setInterval(() => void isSignedIn(), RENEW_EVERY_MS);
}

/** Whether this browser is signed in; gives a session that grows old a new one. When the server cannot be reached, calls will tell. */
export async function isSignedIn(): Promise<boolean> {
  try {
    const answer = (await (await fetch("/session")).json()) as { isSignedIn?: unknown };
    return answer.isSignedIn === true;
  } catch {
    return true;
  }
}

/** @throws a SignInError, whose message is for people. */
export async function signIn(apiKey: string): Promise<void> {
  const headers = { "content-type": "application/json" };
  const request = { method: "POST", headers, body: JSON.stringify({ apiKey }) };
  let response: Response;
  try {
    response = await fetch("/session", request);
  } catch (error) {
    throw new SignInError("The dashboard cannot be reached just now.", { cause: error });
  }
  if (response.ok) return;
  if (response.status === 429) throw new SignInError("Too many tries. Wait a minute, then try again.");
  throw new SignInError(messageOf(await response.json().catch(() => undefined)));
}

/** Ends the session and leaves nothing of it on the page. */
export async function signOut(): Promise<void> {
  await fetch("/session", { method: "DELETE" });
  location.assign("/sign-in");
}

function messageOf(answer: unknown): string {
  const message = (answer as { error?: { message?: unknown } } | undefined)?.error?.message;
  return typeof message === "string" ? message : "The sign-in failed.";
}
