// What turns a task folder into a deployment.
export { BuildError } from "./build-error.ts";
export { bundle, type TaskBundle } from "./bundle.ts";
export { deploy } from "./deploy.ts";
export { ImportError } from "./import-error.ts";
export { index, type IndexOptions } from "./index-bundle.ts";
