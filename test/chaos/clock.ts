import { readFileSync } from 'node:fs';

const lookMs = 100;
const file = process.env['CHAOS_CLOCK']!;
const { now } = Date;
let ahead = 0;

// Imported into every thread of a node, whose clock is so many milliseconds ahead as the file says.
Date.now = () => now() + ahead;
setInterval(() => {
  try {
    ahead = Number(readFileSync(file, 'utf8'));
  } catch {
    ahead = 0;
  }
}, lookMs).unref();
