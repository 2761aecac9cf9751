/** A payload has at most 3 MB, checked by the client and by the run-store. */
export const MAX_PAYLOAD_BYTES = 3 * 1024 * 1024;
/** An output has at most 10 MB, checked by the worker and by the run-store. */
export const MAX_OUTPUT_BYTES = 10 * 1024 * 1024;
/** A run's metadata has at most 256 KB, checked by the SDK and by the run-store. */
export const MAX_METADATA_BYTES = 256 * 1024;
