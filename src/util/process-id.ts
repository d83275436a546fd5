import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';

/** The id of this start of the machine; where the system has none, the minute in which it started. */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return `minute-${Math.round((Date.now() / 1000 - uptime()) / 60)}`;
  }
}

/** When a process started, in the system's own unit; undefined where the system does not say, or has no such process. */
export function startOf(pid: number): string | undefined {
  try {
    // The name before it, in brackets, may hold spaces and brackets.
    return readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ')[19];
  } catch {
    return undefined;
  }
}
