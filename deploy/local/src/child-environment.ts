const inherited = /^(PATH|HOME|USER|LANG|LC_.*|TZ|TMPDIR|NODE_EXTRA_CA_CERTS|NODE_COMPILE_CACHE|OTEL_.*|WINDLASS_.*)$/u;

/**
 * The environment of a child process: what every program needs, the user's own OTEL_ and WINDLASS_ settings, and what is given.
 * The rest of the shell's environment (a DATABASE_URL of another project, an npm script's variables) stays out.
 */
export function childEnvironment(given: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => inherited.test(name));
  return { ...Object.fromEntries(kept), ...given };
}
