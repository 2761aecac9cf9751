import { expect, it } from "vitest";
import { SessionAdmission } from "./session-admission.ts";

function open(admission: SessionAdmission, token?: string) {
  const session = { isOpen: true, close: () => void (session.isOpen = false) };
  admission.admit(session, token);
  return session;
}

it("lets sessions that nobody is known to have push each other out, the oldest first, and no worker's", () => {
  const admission = new SessionAdmission();
  const worker = open(admission, "token");
  const strangers = Array.from({ length: 300 }, () => open(admission));
  expect(strangers.filter(({ isOpen }) => isOpen)).toEqual(strangers.slice(-256));
  expect(worker.isOpen).toBe(true);
});

it("does not count those who have proved themselves, or are over", () => {
  const admission = new SessionAdmission();
  const proved = open(admission);
  admission.settle(proved, undefined);
  for (let nth = 0; nth < 1_000; nth += 1) admission.settle(open(admission), undefined);
  const last = Array.from({ length: 256 }, () => open(admission));
  expect(proved.isOpen).toBe(true);
  expect(last.every(({ isOpen }) => isOpen)).toBe(true);
});

it("leaves a token that has not been used yet one session, the newest", () => {
  const admission = new SessionAdmission();
  const [first, second] = [open(admission, "token"), open(admission, "token")];
  expect([first.isOpen, second.isOpen]).toEqual([false, true]);
  admission.settle(first, "token");
  open(admission, "token");
  expect(second.isOpen).toBe(false);
});
