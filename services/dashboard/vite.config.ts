import { promisify } from "node:util";
import { brotliCompress, gzip } from "node:zlib";
import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const compressible = /\.(?:js|css|html|svg)$/u;
const outDirectory = path.resolve(import.meta.dirname, "dist");

/** Leaves a .br and a .gz beside every text file, so that the server compresses nothing. */
function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    async closeBundle() {
      const files = await readdir(outDirectory, { recursive: true });
      for (const file of files.filter((name) => compressible.test(name))) {
        const whole = path.join(outDirectory, file);
        const bytes = await readFile(whole);
        await writeFile(`${whole}.br`, await promisify(brotliCompress)(bytes));
        await writeFile(`${whole}.gz`, await promisify(gzip)(bytes));
      }
    },
  };
}

export default defineConfig({
  root: path.resolve(import.meta.dirname, "web"),
  plugins: [react(), compressed()],
  build: {
    outDir: outDirectory,
    emptyOutDir: true,
    target: ["chrome125", "firefox128", "safari18"],
    assetsInlineLimit: 0, // the Content-Security-Policy allows no data: but of images
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
