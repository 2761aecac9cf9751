import { useSyncExternalStore } from "react";

const TICK_MS = 1_000;
const listeners = new Set<() => void>();
let nowMs = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

/** The time, new every second; one timer for all who ask. `isRunning` false: it stands still, and costs nothing. */
export function useNow(isRunning = true): number {
  return useSyncExternalStore(isRunning ? subscribe : standStill, () => nowMs);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(tick, TICK_MS);
  if (Date.now() - nowMs > TICK_MS) tick();
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

function standStill(): () => void {
  return () => undefined;
}

function tick(): void {
  nowMs = Date.now();
  for (const listener of listeners) listener();
}
