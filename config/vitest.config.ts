import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/support/check-operators.setup.ts'],
    globalSetup: 'config/test-folder.mjs',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
  },
});
