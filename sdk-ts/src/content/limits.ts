/** A payload has at most 3 MB, checked by the client and by the run-store. */
export const MAX_PAYLOAD_BYTES = 3 * 1024 * 1024;
/** An output has at most 10 MB, checked by the worker and by the run-store. */
export const MAX_OUTPUT_BYTES = 10 * 1024 * 1024;
