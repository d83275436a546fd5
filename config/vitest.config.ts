import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    globalSetup: 'config/test-folder.mjs',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
  },
});
