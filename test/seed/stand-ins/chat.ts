// What the chat snippet takes from the rest of its program.
import { logger } from "@trigger.dev/sdk";

export interface TextStreamPart<_Tools> {
  readonly type: "text-delta";
  readonly text: string;
}

export function getModel(): { readonly modelId: string } {
  return { modelId: "stand-in" };
}

/** Says in the timeline that it was called, and with how much. */
export async function saveChunksToDatabase(chunks: readonly TextStreamPart<object>[]): Promise<void> {
  logger.info("saved chunks to the database", { count: chunks.length });
}
