import { expect, test } from "vitest";
import { collectLogs } from "../../test/collected-logs.ts";
import { createFakeClock } from "../clock/index.ts";
import { createDiagLogger } from "./diag-logger.ts";

test("a collector that stays away is one line in 30 s, which counts the others", async () => {
  const { logger, lines } = collectLogs();
  const clock = createFakeClock();
  const diag = createDiagLogger(logger, () => clock.monotonicMs());
  diag.error("export failed", new Error("refused"));
  diag.error("export failed");
  diag.warn("dropped 5 spans");
  await clock.advance(30_000);
  diag.error("export failed");
  expect(lines).toMatchObject([
    { level: "warn", msg: "telemetry impaired", detail: "export failed", heldBack: 0 },
    { level: "warn", msg: "telemetry impaired", detail: "export failed", heldBack: 2 },
  ]);
});
