import type { DescMessage, DescMethodUnary, DescService, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { createConnectQueryKey, useMutation } from "@connectrpc/connect-query";
import { useQueryClient } from "@tanstack/react-query";
import { notify } from "../app/notices.ts";
import { failureText } from "./failure.ts";

/** What becomes of an action. */
export interface ActionOptions<O extends DescMessage> {
  /** Services whose answers are not true any more afterwards. */
  readonly changes: readonly DescService[];
  /** What to tell when it is done; nothing when the page shows it. */
  readonly done?: (answer: MessageShape<O>) => string;
}

/** A call that changes something: says how it ended, and lets pages read anew what it changed. */
export function useAction<I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
  { changes, done }: ActionOptions<O>,
): {
  readonly isRunning: boolean;
  readonly run: (request: MessageInitShape<I>) => Promise<MessageShape<O> | undefined>;
} {
  const queryClient = useQueryClient();
  const mutation = useMutation(method);
  return {
    isRunning: mutation.isPending,
    async run(request) {
      try {
        const answer = await mutation.mutateAsync(request);
        for (const schema of changes) {
          void queryClient.invalidateQueries({ queryKey: createConnectQueryKey({ schema, cardinality: undefined }) });
        }
        if (done !== undefined) notify("good", done(answer));
        return answer;
      } catch (error) {
        notify("bad", failureText(error));
        return undefined;
      }
    },
  };
}
