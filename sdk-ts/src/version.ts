/** What this SDK calls itself, for people who read a worker's greeting or a client's traces. */
export const SDK_NAME = "@windlass/sdk";
export const SDK_VERSION = "0.1.0";
