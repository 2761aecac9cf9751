import { vi } from "vitest";

/** How long a test waits for what must come before it fails. Long enough for any machine: only a test that fails waits so long. */
const patienceMs = 30_000;

// Loaded before every test file of the unit tests: vitest's own patience is a second, and it has no setting.
const { waitFor } = vi;
vi.waitFor = (condition, options = {}) => {
  const { timeout = 0, ...others } = typeof options === "number" ? { timeout: options } : options;
  return waitFor(condition, { ...others, timeout: Math.max(timeout, patienceMs) });
};
