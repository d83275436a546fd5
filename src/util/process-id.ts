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
export const startOf = (pid: number): string | undefined => statusOf(pid)?.[19];

/** Whether a process has ended, and is listed only because its parent has not asked how: as after kill -9 in a container without an init. */
export const isZombie = (pid: number): boolean => ['Z', 'X'].includes(statusOf(pid)?.[0] ?? '');

function statusOf(pid: number): readonly string[] | undefined {
  try {
    // The name before it, in brackets, may hold spaces and brackets.
    return readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
  } catch {
    return undefined;
  }
}
