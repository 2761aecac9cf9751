import {
  type ChannelCredentials,
  Client,
  Metadata,
  connectivityState,
  credentials as channelCredentials,
  status,
} from "@grpc/grpc-js";
import { ErrorReason } from "../gen/windlass/v1/error_reason_pb.ts";
import { CallFailure } from "./call-failure.ts";
import { keepaliveOptions } from "./keepalive.ts";
import { DEFAULT_MAX_MESSAGE_BYTES, type MalformedText } from "./message-codec.ts";

/** How a channel behaves. */
export interface ChannelOptions {
  /** Sent with every call as `authorization: Bearer <token>`. */
  readonly token?: string | undefined;
  /** The largest message in either direction. Default 16 MB. */
  readonly maxMessageBytes?: number | undefined;
  /** What becomes of request strings that have no UTF-8 form: "refuse" (default) fails the call with FIELD_INVALID, "replace" writes U+FFFD. */
  readonly malformedText?: MalformedText | undefined;
  /** Default: a connection without TLS. */
  readonly credentials?: ChannelCredentials | undefined;
}

/** One connection to a service, made when it is first needed and again whenever it breaks. */
export interface ClientChannel {
  /** For {@link createClient}. */
  readonly grpc: Client;
  /** Sent with every call. */
  readonly metadata: Metadata;
  readonly maxMessageBytes: number;
  readonly malformedText: MalformedText;
  readonly isClosed: boolean;
  /** Resolves when connected. Rejects with CALL_ENDED when the signal aborts first, or the channel is closed. */
  waitForReady(signal?: AbortSignal): Promise<void>;
  /** Lets the connection go once the calls in progress have ended; end them by their signals. New calls fail. Twice is fine. */
  close(): void;
}

/** grpc's own, a second growing to two minutes, would keep a service away long after its peer is back. */
const RECONNECT_BACKOFF_MS = { initial: 50, max: 1_000 };
/**
 * Bytes of a call that grpc-js holds for a transparent retry. It reports them as written, and copies its list of them with every message:
 * its default of 1 MB would hide back-pressure and cost more than the messages.
 */
const RETRY_BUFFER_BYTES = 16 * 1024;
/** How much of one stream may be on its way unread. HTTP/2's 64 KB would stop a batch of 1,000 runs three times. */
const FLOW_CONTROL_WINDOW_BYTES = 1024 * 1024;
/** How often waitForReady looks whether it is still wanted, since grpc-js cannot be told. */
const READY_CHECK_MS = 1_000;

/** Makes a channel to "host:port" or "unix:/path". Nothing is connected yet. */
export function createChannel(address: string, options: ChannelOptions = {}): ClientChannel {
  const maxMessageBytes = options.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES;
  const client = new Client(address, options.credentials ?? channelCredentials.createInsecure(), {
    "grpc.max_receive_message_length": maxMessageBytes,
    // The adapter checks what it sends itself, with a typed error.
    "grpc.max_send_message_length": -1,
    ...keepaliveOptions(address),
    "grpc.keepalive_permit_without_calls": 1,
    "grpc.initial_reconnect_backoff_ms": RECONNECT_BACKOFF_MS.initial,
    "grpc.max_reconnect_backoff_ms": RECONNECT_BACKOFF_MS.max,
    "grpc.per_rpc_retry_buffer_size": RETRY_BUFFER_BYTES,
    "grpc-node.flow_control_window": FLOW_CONTROL_WINDOW_BYTES,
    // A channel owns its connection, so that closing it closes that and nothing else.
    "grpc.use_local_subchannel_pool": 1,
    "grpc.service_config_disable_resolution": 1,
    "grpc.enable_channelz": 0,
    // An http_proxy of the machine is not for the traffic inside a cluster.
    "grpc.enable_http_proxy": 0,
  });
  const metadata = new Metadata();
  if (options.token !== undefined) metadata.set("authorization", `Bearer ${options.token}`);
  let isClosed = false;
  return {
    grpc: client,
    metadata,
    maxMessageBytes,
    malformedText: options.malformedText ?? "refuse",
    get isClosed() {
      return isClosed;
    },
    waitForReady: (signal) => waitForReady(client, signal, () => isClosed),
    close: () => {
      if (isClosed) return;
      isClosed = true;
      client.close();
    },
  };
}

function waitForReady(client: Client, signal: AbortSignal | undefined, isClosed: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(notAwaited(signal));
    signal?.addEventListener("abort", giveUp, { once: true });
    const check = (): void => {
      if (isClosed() || signal?.aborted === true) {
        giveUp();
        return;
      }
      const state = client.getChannel().getConnectivityState(true);
      if (state === connectivityState.READY) {
        signal?.removeEventListener("abort", giveUp);
        resolve();
        return;
      }
      client.getChannel().watchConnectivityState(state, Date.now() + READY_CHECK_MS, check);
    };
    check();
  });
}

function notAwaited(signal: AbortSignal | undefined): CallFailure {
  return new CallFailure({
    code: status.CANCELLED,
    reason: ErrorReason.CALL_ENDED,
    message: "The wait for a connection was ended before there was one.",
    cause: signal?.reason,
  });
}
