import { activeAttempt } from "../task/active-attempt.ts";

/** As many seconds as maxDuration can say: 68 years. */
const NO_LIMIT_S = 2 ** 31 - 1;

/** About a run's time limit. */
export const timeout = {
  /** For `maxDuration`, where a task or the project sets one: without limit. */
  None: NO_LIMIT_S,

  /** The signal of the run that is executing, which aborts when its time is up or it is canceled; undefined outside of a run. */
  get signal(): AbortSignal | undefined {
    return activeAttempt.current?.signal;
  },
};
