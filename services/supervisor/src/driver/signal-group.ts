/** A signal to every member of a process group; of a group that has none left nothing is wanted any more. */
export function signalGroup(group: number, signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
  try {
    process.kill(-group, signal);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    // macOS says EPERM of a group in which only zombies are left.
    if (code !== "ESRCH" && code !== "EPERM") throw error;
  }
}
