import { EnvironmentLines, KeyLine, QueueLines } from "./lines.ts";
import { isInTurn } from "./machine-turns.ts";

/** Which line a run belongs to. */
export interface LineName {
  readonly environmentId: string;
  readonly queue: string;
  readonly concurrencyKey: string;
}

/** The environments, queues and keys of a shard in which runs wait or execute, or of which there is something to remember. */
export class LineTree {
  readonly #environments = new Map<string, EnvironmentLines>();
  #queueCount = 0;

  /** How many queues there are. */
  get queueCount(): number {
    return this.#queueCount;
  }

  /** The environment; undefined when nothing is known of it. */
  findEnvironment(environmentId: string): EnvironmentLines | undefined {
    return this.#environments.get(environmentId);
  }

  /** The queue; undefined when nothing is known of it. */
  findQueue(environmentId: string, name: string): QueueLines | undefined {
    return this.#environments.get(environmentId)?.queues.get(name);
  }

  /** Every queue. */
  *queues(): Generator<QueueLines> {
    for (const { queues } of this.#environments.values()) yield* queues.values();
  }

  /** The environment, made when it is not there. */
  environmentOf(environmentId: string): EnvironmentLines {
    let environment = this.#environments.get(environmentId);
    if (environment === undefined) {
      environment = new EnvironmentLines(environmentId);
      this.#environments.set(environmentId, environment);
    }
    return environment;
  }

  /** The queue, made when it is not there. */
  queueOf(environmentId: string, name: string): QueueLines {
    const environment = this.environmentOf(environmentId);
    let queue = environment.queues.get(name);
    if (queue === undefined) {
      queue = new QueueLines(environment, name);
      environment.queues.set(name, queue);
      this.#queueCount += 1;
    }
    return queue;
  }

  /** The line, made when it is not there. */
  lineOf(name: LineName): KeyLine {
    const queue = this.queueOf(name.environmentId, name.queue);
    let line = queue.keys.get(name.concurrencyKey);
    if (line === undefined) {
      line = new KeyLine(queue, name.concurrencyKey);
      queue.keys.set(name.concurrencyKey, line);
    }
    return line;
  }

  /** The line goes, and what it was the last of. */
  removeLine({ queue, concurrencyKey }: KeyLine): void {
    queue.keys.delete(concurrencyKey);
    this.forgetQueue(queue);
  }

  /** The queue goes when there is nothing to remember of it, and so does its environment. */
  forgetQueue(queue: QueueLines): void {
    if (queue.keys.size > 0 || queue.hasSettings || isInTurn(queue) || queue.awaitedAtMs < Infinity) return;
    if (queue.environment.queues.delete(queue.queue)) this.#queueCount -= 1;
    this.forgetEnvironment(queue.environment);
  }

  /** The environment goes when there is nothing to remember of it. */
  forgetEnvironment(environment: EnvironmentLines): void {
    const { environmentId, queues, concurrencyLimit } = environment;
    if (queues.size > 0 || concurrencyLimit < Infinity || isInTurn(environment)) return;
    this.#environments.delete(environmentId);
  }
}
