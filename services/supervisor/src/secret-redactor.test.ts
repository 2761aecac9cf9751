import { array, assert, constantFrom, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { createSecretRedactor, type SecretRedactor } from "./secret-redactor.ts";

function redactorOf(secrets: Record<string, string>): SecretRedactor {
  const redactor = createSecretRedactor(Object.entries(secrets));
  if (redactor === undefined) throw new Error("there is nothing to redact");
  return redactor;
}

describe("in a text", () => {
  const redactor = redactorOf({ TOKEN: "s3cret-token", LONGER: "s3cret-token-and-more", URL: "pg://u:p w@host" });

  it.each([
    ["the token is s3cret-token.", "the token is [redacted TOKEN]."],
    ["s3cret-token", "[redacted TOKEN]"],
    ["s3cret-tokens3cret-token", "[redacted TOKEN][redacted TOKEN]"],
    ["s3cret-token-and-more", "[redacted LONGER]"],
    ["s3cret-s3cret-token", "s3cret-[redacted TOKEN]"],
    ["at pg://u:p w@host/db or pg%3A%2F%2Fu%3Ap%20w%40host", "at [redacted URL]/db or [redacted URL]"],
  ])("%j becomes %j", (text, redacted) => expect(redactor.redactText(text)).toBe(redacted));

  it("what has no value in it stays the very same", () => {
    for (const text of ["", "short", "s3cret", "nothing of it s3cret_token", "x".repeat(100_000)])
      expect(redactor.redactText(text)).toBe(text);
  });

  it("a value that the text's end cuts off goes too, from eight characters on", () => {
    expect(redactor.redactText("it is s3cret-t")).toBe("it is [redacted LONGER]");
    expect(redactor.redactText("it is s3cret-t…")).toBe("it is [redacted LONGER]");
    expect(redactor.redactText("it is s3cret-")).toBe("it is s3cret-");
  });

  it("one whose beginning is cut off goes where that can be", () => {
    expect(redactorOf({ TOKEN: "s3cret-token" }).redactTail("ret-token, then s3cret-token")).toBe(
      "[redacted TOKEN], then [redacted TOKEN]",
    );
  });

  it("a value of several lines goes as a whole, escaped, and line by line", () => {
    const pem = "-----BEGIN KEY-----\nMIIBVgIBADANBgkq\nhkiG\n-----END KEY-----";
    const redactPem = (text: string) => redactorOf({ PEM: pem }).redactText(text);
    expect(redactPem(`<${pem}>`)).toBe("<[redacted PEM]>");
    expect(redactPem(`{"key":${JSON.stringify(pem)}}`)).toBe('{"key":"[redacted PEM]"}');
    expect(redactPem("  'MIIBVgIBADANBgkq\\n' +")).toBe("  '[redacted PEM]\\n' +");
  });

  it("every value is found wherever it stands, and nothing else is changed", () => {
    const part = string({ maxLength: 30 });
    const value = string({ minLength: 8, maxLength: 40, unit: constantFrom("a", "b", "é", "\u{1F511}") });
    assert(
      property(array(value, { minLength: 1, maxLength: 20 }), part, part, (values, before, after) => {
        const redact = redactorOf(Object.fromEntries(values.map((text, i) => [`N${i}`, text])));
        for (const text of values) {
          const redacted = redact.redactText(`${before}<${text}>${after}`);
          expect(redacted).not.toContain(text);
          expect(redacted.replaceAll(/\[redacted N\d+\]/gu, "").length).toBeLessThanOrEqual(
            before.length + after.length + 2,
          );
        }
      }),
    );
  });
});

describe("in JSON", () => {
  const redactor = redactorOf({ TOKEN: 'a "quoted"\nsecret', PIN: "12345678" });
  const redacted = (value: unknown): unknown => JSON.parse(redactor.redactJson(JSON.stringify(value)));

  it("strings, numbers and names of fields are replaced, and it stays JSON", () => {
    expect(redacted({ a: ['<a "quoted"\nsecret>', 1], pin: 12_345_678, "12345678": null })).toEqual({
      a: ["<[redacted TOKEN]>", 1],
      pin: "[redacted PIN]",
      "[redacted PIN]": null,
    });
  });

  it("what has no value in it stays as it is; what is no JSON and has one is left out", () => {
    expect(redactor.redactJson('{ "a" : 1 }')).toBe('{ "a" : 1 }');
    expect(redactor.redactJson("")).toBe("");
    expect(redactor.redactJson('{ "a": 12345678')).toBe("");
    expect(redactor.redactJson(`${"[".repeat(16_000)}12345678${"]".repeat(16_000)}`)).not.toContain("12345678");
  });
});

it("values of less than eight characters, and no values at all, need no redactor", () => {
  expect(createSecretRedactor([])).toBeUndefined();
  expect(
    createSecretRedactor([
      ["SHORT", "1234567"],
      ["EMPTY", ""],
    ]),
  ).toBeUndefined();
});

it("a text is gone through once, whatever the number of secrets", () => {
  const secrets = Array.from({ length: 1_000 }, (_, i) => [`N${i}`, `value-${i}-`.padEnd(1_000, "x")] as const);
  const [few, many] = [createSecretRedactor(secrets.slice(0, 10)), createSecretRedactor(secrets)];
  const text = "nothing to be found here. ".repeat(40_000);
  const timeOf = (redactor: SecretRedactor | undefined) => {
    const times = Array.from({ length: 5 }, () => {
      const began = performance.now();
      expect(redactor?.redactText(text)).toBe(text);
      return performance.now() - began;
    });
    return Math.min(...times);
  };
  timeOf(few);
  expect(timeOf(many)).toBeLessThan(20 * timeOf(few) + 50);
});
