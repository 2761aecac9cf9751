import { checkTags } from "../client/trigger-options.ts";
import { activeAttempt } from "../task/active-attempt.ts";

/** The labels of the run that is executing. */
export const tags = {
  /**
   * Adds labels, each 1 to 128 characters; the cluster keeps as many as make 10 in all. `ctx.run.tags` stays as the attempt found it. Throws WindlassError FIELD_INVALID,
   * and an Error outside of a run.
   */
  async add(labels: string | readonly string[]): Promise<void> {
    const attempt = activeAttempt.current;
    if (attempt === undefined) {
      throw new Error("tags.add works only inside of a run; elsewhere use runs.addTags(run, tags)");
    }
    attempt.describe({ addTags: checkTags(labels, "tags") });
  },
};
