import { Link } from "@tanstack/react-router";
import { type RunEvent, type RunError, HookScope } from "@windlass/proto";
import type { ReactNode } from "react";
import { jsonText } from "../../format/content.ts";
import { formatDuration } from "../../format/duration.ts";
import { formatTimeOfDay } from "../../format/time.ts";
import { CopyButton } from "../../parts/copy-button.tsx";
import { Facts } from "../../parts/facts.tsx";
import { JsonView } from "../../parts/json-view.tsx";
import { TextView } from "../../parts/text-view.tsx";
import styles from "./event-details.module.css";
import { sandboxText } from "../../format/sandbox.ts";
import { errorText } from "./run-error-panel.tsx";
import type { WaterfallRow } from "./waterfall.ts";

/** Everything about a row, and buttons to copy its text and its address. */
export function EventDetails({ row }: { readonly row: WaterfallRow }) {
  const { event, endEvent, startMs, endMs } = row;
  const text = textOf(endEvent?.body.case === "attemptEnded" ? endEvent : event);
  const attributes = event.body.case === "log" ? event.body.value.attributesJson : "";
  const address = `${location.origin}${location.pathname}#event-${event.seq}`;
  return (
    <div className={styles["details"]}>
      <div className={styles["head"]}>
        <Facts
          facts={[
            [
              "At",
              <span key="at" className="number">
                {formatTimeOfDay(startMs)}
              </span>,
            ],
            ["Took", endMs === undefined || endMs === startMs ? undefined : formatDuration(endMs - startMs)],
            ["Event", endEvent === undefined ? String(event.seq) : `${event.seq} to ${endEvent.seq}`],
            ...factsOf(event),
          ]}
        />
        <div className={styles["actions"]}>
          {text !== "" && <CopyButton text={text} what="text" />}
          <CopyButton text={address} what="link to this event" look="link" />
        </div>
      </div>
      {text !== "" && <TextView text={text} label="Text of the event" />}
      {attributes !== "" && <JsonView text={jsonText(attributes).text} label="Attributes" />}
    </div>
  );
}

function textOf({ body }: RunEvent): string {
  switch (body.case) {
    case "log":
      return body.value.message;
    case "hookResult":
    case "attemptEnded":
      return withError(body.value.error);
    case "cancelProgress":
      return body.value.reason;
    case "processEnded": {
      const { output, omittedOutputBytes } = body.value;
      return omittedOutputBytes === 0n ? output.trimEnd() : `… ${omittedOutputBytes} bytes before\n${output.trimEnd()}`;
    }
    default:
      return "";
  }
}

function withError(error: RunError | undefined): string {
  if (error === undefined) return "";
  return error.hint === "" ? errorText(error) : `${errorText(error)}\n\n${error.hint}`;
}

function factsOf({ body }: RunEvent): readonly (readonly [string, ReactNode])[] {
  switch (body.case) {
    case "attemptStarted":
      return [
        ["Worker", <code key="w">{body.value.workerId}</code>],
        ["Supervisor", <code key="s">{body.value.supervisorId}</code>],
        ["Sandbox", sandboxText(body.value.sandboxTier)],
      ];
    case "hookResult":
      return [
        ["Declared", body.value.scope === HookScope.GLOBAL ? "for every task" : "in the task"],
        ["Name", body.value.name],
        ["Attempt", String(body.value.attemptNumber)],
      ];
    case "log":
      return [["Attempt", body.value.attemptNumber === 0 ? undefined : String(body.value.attemptNumber)]];
    case "processEnded":
      return [
        ["Exit code", body.value.exitCode === undefined ? undefined : String(body.value.exitCode)],
        ["Signal", body.value.signal],
      ];
    case "waitStarted": {
      const kind = body.value.wait?.kind;
      if (kind?.case === "runId") return [["Run", runLink(kind.value)]];
      if (kind?.case === "batch") return [["Batch", batchLink(kind.value.batchId)]];
      return kind?.case === "tokenId" ? [["Token", <code key="t">{kind.value}</code>]] : [];
    }
    default:
      return [];
  }
}

function runLink(runId: string): ReactNode {
  return (
    <Link to="/runs/$runId" params={{ runId }}>
      <code>{runId}</code>
    </Link>
  );
}

function batchLink(batch: string): ReactNode {
  return (
    <Link to="/runs" search={{ batch }}>
      <code>{batch}</code>
    </Link>
  );
}
