import { Option } from "commander";

/** `--catch-up`, of the commands that make and change schedules. */
export function catchUpOption(): Option {
  return new Option(
    "--catch-up <which>",
    "which of the ticks that a downtime missed are made up for (default: latest; all: a hundred at most)",
  ).choices(["latest", "none", "all"]);
}
