import { logger, metadata, task, tasks, wait } from "@windlass/sdk";

const once = { maxAttempts: 1 };
const canary = (): string => process.env["CANARY"] ?? "";
const pem = (): string => process.env["CANARY_PEM"] ?? "";

function leaked(): Error {
  const cause = new Error(`refused: ${canary()}`);
  return Object.assign(new Error(`cannot log in with ${canary()}`, { cause }), {
    request: { headers: { authorization: `Bearer ${canary()}`, key: pem() } },
  });
}

export const logs = task({
  id: "logs",
  run: () => {
    console.log(canary());
    console.error("the key is", { pem: pem() }, [canary()], leaked());
    logger.info(`it is ${canary()}, or ${JSON.stringify({ pem: pem() })}`, { [canary()]: { deep: [pem()] } });
    logger.warn(`${"x".repeat(32 * 1024 - 12)}${canary()}`);
  },
});

export const fails = task({
  id: "fails",
  retry: { maxAttempts: 2, minTimeoutInMs: 1, maxTimeoutInMs: 1 },
  onFailure: () => {
    throw leaked();
  },
  run: () => {
    throw leaked();
  },
});

export const rejects = task({
  id: "rejects",
  retry: once,
  run: async () => {
    void Promise.reject(leaked());
    await wait.for({ seconds: 4 });
  },
});

export const dies = task({
  id: "dies",
  retry: once,
  run: () => {
    process.stdout.write(`it is ${canary()}\n`);
    process.stderr.write(pem(), () => {
      console.log(`in the end ${canary()}`);
      process.exit(7);
    });
    return new Promise<void>(() => {});
  },
});

/** Reads how another run has failed. */
export const asks = task({
  id: "asks",
  run: async () => {
    const result = await tasks.triggerAndWait<typeof fails>("fails", undefined);
    console.log(result.ok ? "" : result.error);
  },
});

export const waits = task({
  id: "waits",
  run: async (payload: { token: string }) => {
    console.log(canary());
    await wait.forToken(payload.token);
  },
});

/** What a task says of its own accord is its user's. */
export const keeps = task({
  id: "keeps",
  run: () => {
    metadata.set("own", process.env["OWN"] ?? "");
    return { own: process.env["OWN"] };
  },
});

export const tells = task({ id: "tells", run: () => ({ names: Object.keys(process.env) }) });
