export { commonVariables } from "./common-variables.ts";
export { loadConfig, parseConfig, ConfigInvalid } from "./load-config.ts";
export type { ConfigSource } from "./load-config.ts";
export { address, commaList, wholeNumber } from "./schemas.ts";
export { variable } from "./variable.ts";
export type { Config, Variable, VariableDoc } from "./variable.ts";
