import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // A search of a real scope takes seconds, and CI machines are slow.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Processes, not threads: the explorer starts threads of its own, and a test must not share their memory limit.
    pool: 'forks',
    maxWorkers: 2,
  },
});
