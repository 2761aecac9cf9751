import type { DescService } from "@bufbuild/protobuf";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import {
  type CallContext,
  type CallFailure,
  type ChannelOptions,
  type ClientChannel,
  RunningCalls,
  type ServiceImplementation,
  createChannel,
  serviceDefinition,
  serviceHandlers,
} from "../grpc.ts";

/** A real server on this machine, for one test. */
export interface LoopbackServer {
  readonly address: string;
  readonly runningCalls: RunningCalls;
  /** What handlers threw that was no CallFailure. */
  readonly defects: unknown[];
  /** How calls ended, in that order. */
  readonly ends: { readonly method: string; readonly failure: CallFailure | undefined }[];
  /** A channel to it, closed with it. */
  connect(options?: ChannelOptions): ClientChannel;
  stop(): void;
}

/** Starts a server with one service on a free port, or where `address` says. */
export async function startLoopbackServer<S extends DescService>(
  service: S,
  implementation: ServiceImplementation<S>,
  address = "127.0.0.1:0",
): Promise<LoopbackServer> {
  const server = new Server({ "grpc.enable_channelz": 0 });
  const runningCalls = new RunningCalls();
  const defects: unknown[] = [];
  const ends: LoopbackServer["ends"] = [];
  const handlers = serviceHandlers(service, implementation, {
    context: (call: CallContext) => call,
    onDefect: (error) => void defects.push(error),
    onEnd: ({ method }, failure) => void ends.push({ method, failure }),
    runningCalls,
  });
  server.addService(serviceDefinition(service), handlers);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  const boundAddress = address.startsWith("unix:") ? address : `127.0.0.1:${port}`;
  const channels: ClientChannel[] = [];
  return {
    address: boundAddress,
    runningCalls,
    defects,
    ends,
    connect: (options) => {
      const channel = createChannel(boundAddress, options);
      channels.push(channel);
      return channel;
    },
    stop: () => {
      for (const channel of channels) channel.close();
      server.forceShutdown();
    },
  };
}
