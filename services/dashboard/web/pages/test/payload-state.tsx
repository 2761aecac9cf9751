import { CircleCheck, CircleX, type LucideIcon, TriangleAlert } from "lucide-react";
import type { PayloadCheck } from "../../schema/check-payload.ts";
import { pathText, type PayloadProblem } from "../../schema/payload-problem.ts";
import styles from "./payload-state.module.css";

/** More are counted. */
const SHOWN_PROBLEMS = 8;

/** Whether the payload can be sent, and whether its task's schema allows it, in words. */
export function PayloadState(props: {
  readonly text: string;
  /** Why it is no JSON. */
  readonly problem: string | undefined;
  /** What the schema says; undefined without a schema, or when there is nothing to check. */
  readonly check: PayloadCheck | undefined;
}) {
  const { text, problem, check } = props;
  const problems = problem === undefined && check !== undefined && "problems" in check ? check.problems : [];
  const look = problem !== undefined ? "bad" : problems.length > 0 ? "warn" : "good";
  const Icon: LucideIcon = { bad: CircleX, warn: TriangleAlert, good: CircleCheck }[look];
  return (
    <div className={styles["state"]} role="status">
      <p className={styles["line"]} data-look={look}>
        <Icon aria-hidden size={14} />
        <span>{problem === undefined ? [sizeText(text), ...checkTexts(check)].join(", ") : `No JSON: ${problem}`}</span>
      </p>
      {problems.length > 0 && <ProblemList problems={problems} />}
    </div>
  );
}

/** What is wrong, by path: the first few. */
export function ProblemList({ problems }: { readonly problems: readonly PayloadProblem[] }) {
  return (
    <ul className={styles["problems"]} aria-label="What does not match the schema">
      {problems.slice(0, SHOWN_PROBLEMS).map(({ path, message }) => (
        <li key={`${pathText(path)} ${message}`}>
          <code>{pathText(path)}</code> {message}
        </li>
      ))}
      {problems.length > SHOWN_PROBLEMS && <li>and {problems.length - SHOWN_PROBLEMS} more</li>}
    </ul>
  );
}

function sizeText(text: string): string {
  return text.trim() === "" ? "No payload" : `Valid JSON, ${new TextEncoder().encode(text).byteLength} bytes`;
}

function checkTexts(check: PayloadCheck | undefined): readonly string[] {
  if (check === undefined) return [];
  if ("schemaProblem" in check) return [`not checked: the task’s schema cannot be used (${check.schemaProblem})`];
  const { length } = check.problems;
  if (length === 0) return ["as the task’s schema says"];
  return [`but ${length === 1 ? "one thing is" : `${length} things are`} not as the task’s schema says`];
}
