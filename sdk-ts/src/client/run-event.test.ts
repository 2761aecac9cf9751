import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type ProcessEndedSchema, RunEventSchema } from "@windlass/proto";
import { expect, it } from "vitest";
import { runEventFromProto } from "./run-event.ts";

const ended = (value: MessageInitShape<typeof ProcessEndedSchema>) =>
  runEventFromProto(
    create(RunEventSchema, { seq: 7n, time: timestampFromMs(5), body: { case: "processEnded", value } }),
  );

it("tells how a process ended, by exit code or by signal, and what it wrote last", () => {
  const written = { output: "the end\n", omittedOutputBytes: 12n };
  expect(ended({ attemptNumber: 2, exitCode: 0, ...written })).toEqual({
    seq: 7,
    time: new Date(5),
    type: "process-ended",
    attempt: 2,
    exitCode: 0,
    output: "the end\n",
    omittedOutputBytes: 12,
  });
  const bySignal = ended({ attemptNumber: 1, signal: "SIGKILL" });
  expect(bySignal).toMatchObject({ signal: "SIGKILL", output: "", omittedOutputBytes: 0 });
  expect(bySignal).not.toHaveProperty("exitCode");
});
