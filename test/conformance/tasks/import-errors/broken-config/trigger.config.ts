import { defineConfig } from "@windlass/sdk";

export default defineConfig({ project: "conformance" });

throw new Error("broken on purpose");
