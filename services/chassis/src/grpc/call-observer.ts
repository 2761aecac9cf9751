import { status } from "@grpc/grpc-js";
import type { Histogram } from "@opentelemetry/api";
import type { CallContext, CallFailure } from "@windlass/proto/grpc";
import { type OpenSpan, startSpan } from "../telemetry/spans.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { Principal } from "./principal.ts";
import { type ServiceCall, TRACEPARENT_HEADER } from "./service-call.ts";

/** Records what a server's calls took. */
export interface CallObserver {
  begin(call: CallContext, principal: Principal, isUnary: boolean): ServiceCall;
  end(call: ServiceCall, failure: CallFailure | undefined): void;
}

interface Observation {
  readonly span: OpenSpan;
  readonly startMs: number;
}

/**
 * One span for each unary call, under the caller's, and its duration as the metric rpc.server.duration. Streams live as long as their processes: what
 * happens on them is traced by those who know what it is.
 */
export function createCallObserver(telemetry: Telemetry): CallObserver {
  const observations = new WeakMap<ServiceCall, Observation>();
  let durations: Histogram | undefined;

  return {
    begin(call, principal, isUnary) {
      const [header] = call.metadata.get(TRACEPARENT_HEADER);
      const parent = typeof header === "string" ? header : "";
      if (!isUnary || !telemetry.enabled) return { ...call, principal, traceparent: parent };
      const span = startSpan(telemetry, {
        name: call.method,
        parent,
        kind: "server",
        attributes: { "rpc.system": "grpc" },
      });
      const observed = { ...call, principal, traceparent: span.traceparent };
      observations.set(observed, { span, startMs: performance.now() });
      return observed;
    },
    end(call, failure) {
      const observation = observations.get(call);
      if (observation === undefined) return;
      observation.span.end(failure);
      // Instruments made before telemetry has started record nothing.
      durations ??= telemetry.meter.createHistogram("rpc.server.duration", { unit: "ms" });
      durations.record(performance.now() - observation.startMs, {
        "rpc.method": call.method,
        "rpc.grpc.status_code": failure?.code ?? status.OK,
      });
    },
  };
}
