import { describe, expect, it } from "vitest";
import { createSecretsKeyring } from "./secrets-keyring.ts";

const keyOf = (byte: number) => Buffer.alloc(32, byte).toString("base64");
const CHANGED = "sealed for something else, or was changed";
const [first, second] = [keyOf(1), keyOf(2)];

describe("a keyring", () => {
  it.each(["", "a value", "ü\u{1F511}\n\0", "x".repeat(32 * 1024)])("opens what it has sealed: %#", (value) => {
    const keyring = createSecretsKeyring([first]);
    expect(keyring.open(keyring.seal(value, "context"), "context")).toBe(value);
  });

  it("seals with the first key and opens with all; without its key nothing opens", () => {
    const before = createSecretsKeyring([first]).seal("value", "context");
    const rotated = createSecretsKeyring([second, first]);
    expect(rotated.open(before, "context")).toBe("value");
    const after = rotated.seal("value", "context");
    expect([after.keyId, rotated.keyIds.size]).toEqual([rotated.currentKeyId, 2]);
    expect(after.keyId).not.toBe(before.keyId);
    expect(createSecretsKeyring([second]).open(after, "context")).toBe("value");
    expect(() => createSecretsKeyring([second]).open(before, "context")).toThrow(`no key ${before.keyId}`);
  });

  it("gives the same key the same id wherever it stands", () => {
    expect(createSecretsKeyring([second, first]).keyIds).toEqual(new Set(createSecretsKeyring([first, second]).keyIds));
  });

  it("seals the same value differently each time, and shows nothing of it", () => {
    const keyring = createSecretsKeyring([first]);
    const [one, other] = [keyring.seal("recognizable", "context"), keyring.seal("recognizable", "context")];
    expect(one.sealed.equals(other.sealed)).toBe(false);
    expect(one.sealed.includes("recognizable")).toBe(false);
  });

  it("opens for its own context only, and nothing that was changed or cut", () => {
    const keyring = createSecretsKeyring([first]);
    const { keyId, sealed } = keyring.seal("value", "env_a\0NAME");
    expect(() => keyring.open({ keyId, sealed }, "env_b\0NAME")).toThrow(CHANGED);
    for (const at of [0, 12, sealed.byteLength - 1]) {
      const changed = Buffer.from(sealed);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      expect(() => keyring.open({ keyId, sealed: changed }, "env_a\0NAME")).toThrow(CHANGED);
    }
    for (const length of [0, 27, sealed.byteLength - 1])
      expect(() => keyring.open({ keyId, sealed: sealed.subarray(0, length) }, "env_a\0NAME")).toThrow(CHANGED);
  });

  it.each([
    ["none", [], "at least one"],
    ["a short one", [first, Buffer.alloc(16).toString("base64")], "key 2 is not base64 of 32 bytes"],
    ["what is not base64", [`${"!".repeat(43)}=`], "key 1 is not base64"],
    ["the same twice", [first, second, first], "key 3 is there twice"],
  ])("refuses %s, without repeating a key", (_, keys, problem) => {
    expect(() => createSecretsKeyring(keys)).toThrow(problem);
    for (const key of keys) expect(() => createSecretsKeyring(keys)).not.toThrow(key);
  });
});
