import { z } from "zod";

/** Whole number within limits. `Number("")` and `Number("0x10")` are not what someone meant, so only digits are taken. */
export function wholeNumber(limits: { min: number; max: number }) {
  return z
    .string()
    .regex(/^-?\d{1,15}$/, "must be a whole number")
    .transform(Number)
    .pipe(z.number().min(limits.min).max(limits.max));
}

/** "host:port". `listen` allows port 0: any free one. IPv6 hosts are written in brackets. */
export function address(use: "connect" | "listen" = "connect") {
  return z.string().refine((text) => isAddress(text, use === "listen" ? 0 : 1), "must be host:port");
}

function isAddress(text: string, minPort: number): boolean {
  const [, port] = /^(?:[\w.-]+|\[[0-9a-fA-F:.]+\]):(\d{1,5})$/.exec(text) ?? [];
  return port !== undefined && Number(port) >= minPort && Number(port) <= 65_535;
}

/** Values separated by commas; spaces around them do not count. */
export function commaList() {
  return z.string().transform((text) =>
    text
      .split(",")
      .map((item) => item.trim())
      .filter((item) => item !== ""),
  );
}
