import { defineConfig } from "vitest/config";

/** Suites are chosen by folder (see CONTRIBUTING.md); journeys bring up the emulator and run one at a time. */
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
});
