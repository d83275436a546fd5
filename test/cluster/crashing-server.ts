import { main } from '../../src/cli/main.ts';

// The server of the command line, whose workers die at the step of a commit that CRASH_AT names.
await main(process.argv, { worker: new URL('./crashing-worker.js', import.meta.url) });
