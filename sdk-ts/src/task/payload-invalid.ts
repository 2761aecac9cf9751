import type { StandardSchemaV1 } from "@standard-schema/spec";

/** Something about a payload that its schema does not allow. */
export interface PayloadIssue {
  /** For example "user.emails[0]"; empty for the payload as a whole. */
  readonly path: string;
  readonly message: string;
}

const MAX_ISSUES = 50;
const MAX_ISSUES_IN_MESSAGE = 5;

/** The payload of a run does not match the schema of its task: the run fails without any attempt at running it. */
export class PayloadInvalid extends Error {
  override readonly name: string = "PayloadInvalid";
  /** The first 50. */
  readonly issues: readonly PayloadIssue[];

  constructor(taskId: string, issues: readonly StandardSchemaV1.Issue[], options?: ErrorOptions) {
    const named = issues.slice(0, MAX_ISSUES).map(({ path, message }) => ({ path: pathText(path), message }));
    const lines = named
      .slice(0, MAX_ISSUES_IN_MESSAGE)
      .map(({ path, message }) => (path === "" ? message : `${path}: ${message}`));
    if (issues.length > lines.length) lines.push(`and ${issues.length - lines.length} more`);
    super(`the payload does not match the schema of task "${taskId}": ${lines.join("; ")}`, options);
    this.issues = named;
  }
}

function pathText(path: StandardSchemaV1.Issue["path"]): string {
  return (path ?? [])
    .map((segment) => (typeof segment === "object" ? segment.key : segment))
    .map((key, place) => {
      if (typeof key === "number") return `[${key}]`;
      const name = String(key);
      if (!/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name)) return `[${JSON.stringify(name)}]`;
      return place === 0 ? name : `.${name}`;
    })
    .join("");
}
