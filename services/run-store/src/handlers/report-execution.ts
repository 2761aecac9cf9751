import type { Clock, ServiceCall } from "@windlass/chassis";
import type {
  Deadlock,
  ExecutionService,
  LeaseRef,
  ReportExecutionRequest,
  ReportExecutionResponse,
} from "@windlass/proto";
import {
  asCallFailure,
  callErrorFromFailure,
  CallFailure,
  fieldInvalid,
  type ServiceImplementation,
} from "@windlass/proto/grpc";
import { leaseRefToProto } from "../conversions/cancel-lease.ts";
import { registerSupervisor } from "../supervisors/register-supervisor.ts";
import {
  type RemoveSupervisorsOptions,
  removeLostSupervisor,
  unregisterSupervisor,
} from "../supervisors/remove-supervisors.ts";
import { renewSupervisor } from "../supervisors/renew-supervisor.ts";
import { parseHeartbeat, parseRegisterSupervisor } from "../validation/supervisor-requests.ts";
import { parseWorkReport } from "../validation/work-report.ts";
import type { Lease } from "../work/lease.ts";
import type { WorkReporter } from "../work/report-work.ts";
import { answerStream } from "./answer-stream.ts";

/** What the handler of ExecutionService.ReportExecution works with. */
export interface ReportExecutionOptions extends RemoveSupervisorsOptions {
  readonly reporter: WorkReporter;
  readonly clock: Clock;
}

/** Messages of one supervisor whose answers are not yet sent. */
const MAX_IN_FLIGHT = 16;
/** Cancels that wait to be sent to one supervisor; those beyond are told with its next heartbeat (I10). */
const MAX_CANCELS = 10_000;

/** What an answer says beside which question it answers. */
type Answer = Partial<Pick<ReportExecutionResponse, "error" | "lost" | "cancels" | "revoked" | "deadlocks">>;

/** The handler of ExecutionService.ReportExecution. */
export function createReportExecution(
  options: ReportExecutionOptions,
): ServiceImplementation<typeof ExecutionService, ServiceCall>["reportExecution"] {
  return async function* reportExecution(requests, call) {
    const session = new SupervisorSession(options);
    try {
      yield* answerStream({
        requests,
        signal: call.signal,
        maxInFlight: MAX_IN_FLIGHT,
        answer: (request) => session.answer(request),
        notices: { maxNotices: MAX_CANCELS, connect: (send) => session.connect(send) },
      });
    } finally {
      session.close();
    }
  };
}

/** One supervisor's stream, from its registration on. */
class SupervisorSession {
  readonly #options: ReportExecutionOptions;
  #send: (notice: ReportExecutionResponse) => boolean = () => false;
  /** Settles when the registration is stored; whatever comes after it waits for that. */
  #registration: Promise<string> | undefined;
  #stopListening: (() => void) | undefined;
  #isClosed = false;

  constructor(options: ReportExecutionOptions) {
    this.#options = options;
  }

  connect(send: (notice: ReportExecutionResponse) => boolean): void {
    this.#send = send;
  }

  close(): void {
    this.#isClosed = true;
    this.#stopListening?.();
  }

  async answer(request: ReportExecutionRequest): Promise<ReportExecutionResponse> {
    return response(request.correlationId, await this.#handleSafely(request.body));
  }

  async #handleSafely(body: ReportExecutionRequest["body"]): Promise<Answer> {
    try {
      return await this.#handle(body);
    } catch (error) {
      if (!(error instanceof CallFailure)) this.#options.logger.error("a report failed by a defect", { error });
      return { error: callErrorFromFailure(asCallFailure(error)) };
    }
  }

  async #handle(body: ReportExecutionRequest["body"]): Promise<Answer> {
    if (body.case === "register") {
      const supervisor = parseRegisterSupervisor(body.value);
      this.#registration = this.#register(supervisor);
      await this.#registration;
      return {};
    }
    if (this.#registration === undefined)
      throw fieldInvalid({ field: "body", description: "must be register in the first message of a stream." });
    const supervisorId = await this.#registration;
    switch (body.case) {
      case "heartbeat":
        return renewSupervisor(
          { db: this.#options.postgres, reporter: this.#options.reporter },
          supervisorId,
          parseHeartbeat(body.value),
        );
      case "work":
        return this.#reportWork(supervisorId, body.value);
      case "unregister":
        await unregisterSupervisor(this.#options, supervisorId);
        return {};
      case undefined:
        throw fieldInvalid({ field: "body", description: "must be set." });
    }
  }

  async #register(supervisor: ReturnType<typeof parseRegisterSupervisor>): Promise<string> {
    const { postgres, feed } = this.#options;
    await registerSupervisor({ db: postgres, feed }, supervisor);
    const { id, replacesId } = supervisor;
    if (replacesId !== "" && replacesId !== id) await removeLostSupervisor(this.#options, replacesId);
    if (!this.#isClosed) {
      this.#stopListening?.();
      this.#stopListening = feed.cancels.listen(supervisor.id, (cancel) => {
        this.#send(response(0n, { cancels: [cancel] }));
      });
    }
    return supervisor.id;
  }

  async #reportWork(supervisorId: string, work: Parameters<typeof parseWorkReport>[0]): Promise<Answer> {
    const { clock, reporter } = this.#options;
    const { messages, strangers } = parseWorkReport(work, supervisorId, clock.nowMs() * 1_000);
    const lost = [...strangers];
    const deadlocks: Deadlock[] = [];
    for (const message of messages) {
      const reported = await reporter.report(message);
      lost.push(...reported.lost.map(refOf));
      for (const { lease, runIds } of reported.deadlocks)
        deadlocks.push({ $typeName: "windlass.internal.v1.Deadlock", ref: refOf(lease), runIds: [...runIds] });
    }
    return { lost, deadlocks };
  }
}

function refOf({ environmentId, runId, leaseToken }: Lease): LeaseRef {
  return leaseRefToProto(environmentId, runId, leaseToken);
}

function response(correlationId: bigint, answer: Answer): ReportExecutionResponse {
  return {
    $typeName: "windlass.internal.v1.ReportExecutionResponse",
    correlationId,
    lost: [],
    cancels: [],
    revoked: [],
    deadlocks: [],
    ...answer,
  };
}
