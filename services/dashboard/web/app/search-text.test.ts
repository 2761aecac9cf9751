import { expect, test } from "vitest";
import { parseSearchText, searchOf, searchText } from "./search-text.ts";

test("a search reads as plain texts, and comes back as it was", () => {
  const search = { status: "FAILED,CRASHED", task: "mail/send & more", tag: "123", page: "" };
  expect(searchText(search)).toBe("?status=FAILED,CRASHED&task=mail/send+%26+more&tag=123");
  expect(parseSearchText(searchText(search))).toEqual({
    status: "FAILED,CRASHED",
    task: "mail/send & more",
    tag: "123",
  });
  expect(searchText({})).toBe("");
});

test("a page gets the names that it knows, and only texts", () => {
  expect(searchOf("task", "tag")({ task: "a", tag: "", other: "b", page: 1 })).toEqual({ task: "a" });
  expect(searchOf("task")({ task: 1 })).toEqual({});
});
