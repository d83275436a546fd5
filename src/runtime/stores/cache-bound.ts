import { getHeapStatistics } from 'node:v8';

const least = 10_000_000;
const most = 64_000_000;
/** Heaps that use fewer bytes than this count as having room. */
const roomyHeap = 256_000_000;
/** How long a computed bound is used again, in ms. */
const heldMs = 100;

let bound = most;
let asked = -Infinity;

/**
 * The bytes that the cache of a store without a setting may hold: many while this thread's heap has room, few when the stores
 * together have filled it.
 */
export function cacheBound(): number {
  const now = performance.now();
  if (now - asked > heldMs) {
    asked = now;
    bound = getHeapStatistics().used_heap_size < roomyHeap ? most : least;
  }
  return bound;
}
