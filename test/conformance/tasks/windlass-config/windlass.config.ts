import { defineConfig } from "@windlass/sdk";

export default defineConfig({ project: "conformance", maxDuration: 1234 });
