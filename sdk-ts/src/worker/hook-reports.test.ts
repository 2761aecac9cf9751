import { expect, it } from "vitest";
import { HookReports } from "./hook-reports.ts";
import type { HookReport } from "./lifecycle/lifecycle-attempt.ts";
import { Outbox, type WorkerMessageBody } from "./outbox.ts";

function start() {
  const said: WorkerMessageBody[] = [];
  const outbox = new Outbox({
    send: ({ messages = [] }) => {
      for (const { body } of messages) if (body !== undefined) said.push(body);
      return true;
    },
    drained: () => Promise.resolve(),
  });
  const reports = new HookReports(1, outbox);
  const heard = () => {
    outbox.flush();
    const hooks = said.flatMap(({ case: kind, value }) => (kind === "hookResult" ? [String(value.hook)] : []));
    const warnings = said.flatMap(({ case: kind, value }) => (kind === "log" ? [value.record?.message] : []));
    return { hooks, warnings };
  };
  return { reports, heard };
}

function report(hook: HookReport["hook"], fields: Partial<HookReport> = {}): HookReport {
  return { hook, scope: "global", name: "", outcome: "ok", startMs: 0, durationMs: 0, ...fields };
}

it("a run that waits often keeps the results of the hooks that end it, and says once what is missing", () => {
  const { reports, heard } = start();
  for (let wait = 0; wait < 1_000; wait++) {
    reports.send(report("onWait"));
    reports.send(report("onResume"));
  }
  reports.send(report("cleanup"));
  const { hooks, warnings } = heard();
  expect([hooks.length, hooks.at(-1)]).toEqual([201, "cleanup"]);
  expect(warnings).toEqual([expect.stringContaining("are not stored")]);
});

it("never reports more than are stored", () => {
  const { reports, heard } = start();
  for (let hook = 0; hook < 1_000; hook++) reports.send(report("init"));
  expect(heard().hooks).toHaveLength(500);
});

it("an error that was ignored is in the log too, and one that failed the attempt only in its result", () => {
  const { reports, heard } = start();
  const error = { thrown: new TypeError("no") };
  reports.send(report("onStart", { name: "greeter", outcome: "ignored", error }));
  reports.send(report("cleanup", { scope: "task", outcome: "failed", error }));
  expect(heard()).toEqual({
    hooks: ["onStart", "cleanup"],
    warnings: ['global onStart "greeter" threw, which was ignored: TypeError: no'],
  });
});
