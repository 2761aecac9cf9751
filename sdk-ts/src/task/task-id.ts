/** What the id of a task may be, in words. */
export const TASK_ID_LIMIT = "must be a string of 1 to 256 characters without control characters";

export function isTaskId(id: unknown): id is string {
  return typeof id === "string" && id !== "" && id.length <= 256 && id.isWellFormed() && !/\p{Cc}/u.test(id);
}
