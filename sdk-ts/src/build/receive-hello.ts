import { status, Server, ServerCredentials } from "@grpc/grpc-js";
import { ErrorReason, type Hello, WorkerService } from "@windlass/proto";
import { CallFailure, serviceDefinition, serviceHandlers } from "@windlass/proto/grpc";

/** The smallest supervisor there can be: it gives a worker its variables and takes its greeting. */
export interface HelloReceiver {
  readonly address: string;
  readonly hello: Promise<Hello>;
  close(): void;
}

/** Listens on a unix socket for the worker that knows the token. */
export async function receiveHello(
  socketPath: string,
  token: string,
  environmentVariables: Readonly<Record<string, string>>,
): Promise<HelloReceiver> {
  const { promise: hello, resolve } = Promise.withResolvers<Hello>();
  const server = new Server({ "grpc.max_receive_message_length": 64 * 1024 * 1024 });
  const handlers = serviceHandlers<typeof WorkerService>(
    WorkerService,
    {
      getWorkerConfig: async (request) => {
        if (request.token !== token) throw notTheWorker();
        return { environmentVariables, describePayloads: true };
      },
      async *session(requests) {
        for await (const { messages } of requests) {
          const [first] = messages;
          if (first?.body.case !== "hello" || first.body.value.token !== token) throw notTheWorker();
          resolve(first.body.value);
          yield { messages: [{ body: { case: "shutdown", value: {} } }] };
        }
      },
    },
    { context: (call) => call, onDefect: () => {} },
  );
  server.addService(serviceDefinition(WorkerService), handlers);
  const address = `unix:${socketPath}`;
  await new Promise<void>((listening, failed) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error) =>
      error === null ? listening() : failed(error),
    );
  });
  return { address, hello, close: () => server.forceShutdown() };
}

function notTheWorker(): CallFailure {
  return new CallFailure({
    code: status.PERMISSION_DENIED,
    reason: ErrorReason.NOT_PERMITTED,
    message: "This is not the worker that was started.",
  });
}
