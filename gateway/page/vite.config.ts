import { defineConfig } from "vitest/config";

// The door answers with a strict content security policy: nothing inline, nothing from elsewhere.
export default defineConfig({
  base: "/",
  build: {
    outDir: "dist",
    assetsDir: "assets",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    target: "es2022",
    manifest: "manifest.json",
    chunkSizeWarningLimit: 1600, // of /docs alone
    rolldownOptions: { input: { index: "index.html", docs: "docs.html" } },
  },
  test: { include: ["tests/**/*.test.ts"], environment: "node" },
});
