#!/usr/bin/env node
import { existsSync } from 'node:fs';

const main = new URL('../dist/bundle/main.js', import.meta.url);
if (!existsSync(main)) {
  process.stderr.write('millrace is not built yet: run "npm run build" first.\n');
  process.exit(1);
}
const { main: run } = await import(main.href);
await run(process.argv);
