import {
  type Clock,
  type Component,
  createGrpcServer,
  createLogger,
  createService,
  createServiceClient,
  internalAuthenticator,
  type Logger,
  type Service,
  startTelemetry,
  systemClock,
} from "@windlass/chassis";
import { ExecutionService, LeaseService, RunService, WaitpointService } from "@windlass/proto";
import { createChannel, createClient } from "@windlass/proto/grpc";
import packageJson from "../package.json" with { type: "json" };
import { createBundleCache } from "./bundle-cache.ts";
import { capacityOf, type SupervisorConfig } from "./config.ts";
import { egressOf } from "./driver/egress/egress-settings.ts";
import { offeredMachines } from "./driver/machine.ts";
import { createExecutor } from "./executor.ts";
import { createGate } from "./gate.ts";
import { createLeaseLoop } from "./lease-loop.ts";
import { createLifeNote } from "./life-note.ts";
import { createMembership } from "./membership.ts";
import { createReporter } from "./reporter.ts";
import { createSupervisorMetrics } from "./supervisor-metrics.ts";
import { createVariables } from "./variables.ts";
import { createWakeUps } from "./wake-ups.ts";
import { createWorkerPool } from "./worker-pool.ts";
import { createWorkshop } from "./workshop.ts";

/** How long leases on their way may take to arrive, the last reports to be stored, and the row to be removed. */
const lastLeasesLimitMs = 2_000;
const lastReportsLimitMs = 3_000;
const leaveLimitMs = 1_000;

/** The supervisor: built here, started top to bottom, drained and stopped bottom to top. */
export function createSupervisor(
  config: SupervisorConfig,
  clock: Clock = systemClock,
  logger: Logger = createLogger({ service: "supervisor", level: config.WINDLASS_LOG_LEVEL }),
): Service {
  const capacity = capacityOf(config);
  const machines = offeredMachines(config.WINDLASS_MACHINES, capacity);
  const telemetry = startTelemetry({ service: "supervisor", endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT, logger });
  const token = config.WINDLASS_INTERNAL_TOKEN;
  const store = createServiceClient(ExecutionService, { address: config.WINDLASS_RUN_STORE_ADDRESS, token });
  const queues = config.WINDLASS_QUEUE_ADDRESS.map((address) => createServiceClient(LeaseService, { address, token }));
  // What tasks call and what they wait for has a connection of its own, so that it cannot hold up heartbeats and reports.
  const taskChannel = createChannel(config.WINDLASS_RUN_STORE_ADDRESS, { token });
  const health = createGrpcServer({
    address: config.WINDLASS_LISTEN,
    logger,
    telemetry,
    authenticate: internalAuthenticator(token),
  });
  const metrics = createSupervisorMetrics(telemetry);
  const gate = createGate();
  const bundles = createBundleCache({ dataDir: config.WINDLASS_DATA_DIR, client: store, clock, logger });
  const workshop = createWorkshop({
    bundles,
    gate,
    clock,
    logger,
    telemetry,
    store: taskChannel,
    sandbox: {
      choice: config.WINDLASS_DRIVER,
      runtimePath: config.WINDLASS_RUNTIME_PATH,
      requireTier: config.WINDLASS_REQUIRE_TIER,
    },
    egress: egressOf(config),
  });
  const { driver, sessions } = workshop;
  const variables = createVariables(store);
  const wakeUps = createWakeUps({
    runs: createClient(RunService, taskChannel),
    tokens: createClient(WaitpointService, taskChannel),
    maxSuspended: Math.max(1, config.WINDLASS_MAX_SUSPENDED),
    clock,
    logger,
  });

  let isDraining = false;
  const lifeNote = createLifeNote({
    dataDir: config.WINDLASS_DATA_DIR,
    privateDir: workshop.privateDir,
    hostname: config.hostname,
    logger,
  });
  const membership = createMembership({
    client: store,
    hostname: config.hostname,
    sandboxTier: () => driver.sandboxTier,
    capacity: {
      workers: config.WINDLASS_WORKERS,
      vcpu: capacity.cpu ?? 0,
      memoryGb: (capacity.memoryMb ?? 0) / 1_024,
      machines: machines.map(({ preset }) => preset),
    },
    release: packageJson.version,
    ttlMs: config.WINDLASS_SUPERVISOR_TTL_MS,
    heartbeatIntervalMs: config.WINDLASS_HEARTBEAT_INTERVAL_MS,
    note: (supervisorId) => lifeNote.write(supervisorId),
    clock,
    logger,
    events: {
      heldTokens: () => executor.heldTokens(),
      load() {
        const { running: executing, suspended } = executor.counts();
        return { executing, suspended, isDraining };
      },
      onCancels: (cancels) => cancels.forEach((cancel) => executor.cancel(cancel)),
      onRevoked: (refs) => refs.forEach((ref) => executor.drop(ref)),
      onRegistered() {
        leaseLoop.open(membership.supervisorId);
        showHealth();
      },
      onExpired() {
        void leaseLoop.close();
        executor.dropAll();
        showHealth();
      },
      onDisconnected: () => showHealth(),
    },
  });
  const reporter = createReporter({
    ask: (body) => membership.ask(body),
    gate,
    clock,
    logger,
    events: {
      onSettled: (ref) => executor.settled(ref),
      onLost: (ref) => executor.lost(ref),
      onSuspended: (ref) => executor.suspended(ref),
      onDeadlock: (ref, runIds) => executor.deadlocked(ref, runIds),
      onWaitRefused: (ref, why) => executor.waitRefused(ref, why),
      onExpired: (why) => membership.expire(why),
    },
  });
  const executor = createExecutor({
    createPool: (events) =>
      createWorkerPool({
        slots: config.WINDLASS_WORKERS,
        capacity,
        smallest: machines[0],
        dependencies: { bundles, driver, sessions, variables, clock, logger },
        events,
        metrics,
      }),
    reports: reporter,
    supervisorId: () => membership.supervisorId,
    onCapacity: () => leaseLoop.update(),
    cancelLimitMs: config.WINDLASS_CANCEL_LIMIT_MS,
    wakeUps,
    maxSuspended: config.WINDLASS_MAX_SUSPENDED,
    metrics,
    telemetry,
    clock,
    logger,
  });
  const leaseLoop = createLeaseLoop({
    clients: queues,
    capacity: () => executor.capacity(),
    machines: machines.map(({ preset }) => preset),
    onLeases: (leases) => executor.accept(leases),
    onUnoffered({ ref }) {
      if (ref !== undefined) reporter.release(reporter.open(ref));
    },
    onState: () => showHealth(),
    onExpired: () => membership.beat(),
    clock,
    logger,
  });

  function showHealth(): void {
    health.setServing(membership.isRegistered && leaseLoop.isConnected);
  }

  const work: Component = {
    name: "work",
    async start() {
      metrics.observe({ workers: () => executor.workers(), leases: () => executor.counts() });
      membership.start(await lifeNote.takeOver());
    },
    async drain(signal) {
      isDraining = true;
      membership.beat();
      await Promise.all([leaseLoop.finish(lastLeasesLimitMs), executor.drain(signal)]);
    },
    async stop() {
      await leaseLoop.close();
      await executor.stop();
      await reporter.flushed(AbortSignal.timeout(lastReportsLimitMs));
      if (await membership.leave(leaveLimitMs)) lifeNote.remove();
      await membership.stop();
      await wakeUps.close();
      taskChannel.close();
      store.close();
      for (const queue of queues) queue.close();
    },
  };
  const door: Component = {
    name: "health",
    async start() {
      // So that a probe can ask for the tier; one that this is not is a service unknown.
      health.answerHealthOf(`windlass.sandbox.${driver.sandboxTier}`);
      await health.start();
      showHealth();
    },
    drain: (signal) => health.drain(signal),
    stop: () => health.stop(),
  };

  return createService("supervisor", [telemetry, workshop, work, door], {
    logger,
    drainTimeoutMs: config.WINDLASS_DRAIN_TIMEOUT_MS,
  });
}
