import type { DescService } from "@bufbuild/protobuf";
import { credentials } from "@grpc/grpc-js";
import { type Client, type ClientChannel, createChannel, createClient } from "@windlass/proto/grpc";
import { configured, type ResolvedConfig, resolveConfig } from "../../client/client-config.ts";
import { retrying } from "../../client/retrying.ts";
import { windlassErrorFrom } from "../../client/windlass-error.ts";

/** Opens a channel to the configured cluster; whoever opens it closes it. Throws NOT_CONFIGURED. */
export function openChannel(): { readonly channel: ClientChannel; readonly config: ResolvedConfig } {
  const config = resolveConfig(configured.config, undefined, process.env);
  const channel = createChannel(config.address, {
    token: config.apiKey,
    ...(config.useTls ? { credentials: credentials.createSsl() } : {}),
  });
  return { channel, config };
}

/** Makes one call of a service that the SDK has no client of, over a connection of its own. The call may be repeated. What it throws is a WindlassError. */
export async function callService<S extends DescService, T>(
  service: S,
  call: (client: Client<S>, options: { timeoutMs: number }) => Promise<T>,
): Promise<T> {
  const { channel, config } = openChannel();
  try {
    const client = createClient(service, channel);
    return await retrying(config.timeoutMs, (options) => call(client, options));
  } catch (error) {
    throw windlassErrorFrom(error);
  } finally {
    channel.close();
  }
}
