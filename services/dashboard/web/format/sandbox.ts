/** A sandbox tier in words; "" stays so. */
export function sandboxText(tier: string): string {
  return tier === "process" ? "process, not confined" : tier;
}
