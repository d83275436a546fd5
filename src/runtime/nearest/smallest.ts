/** The number that is the `count`-th smallest of the first `size` ones. `count` is not above `size`. */
export function smallest(numbers: Float64Array, size: number, count: number): number {
  // The smallest ones so far; the greatest of them is on top.
  const heap = numbers.slice(0, count);
  for (let i = (count >> 1) - 1; i >= 0; i--) sink(heap, i, heap[i]!);
  let top = heap[0]!;
  for (let i = count; i < size; i++) {
    const number = numbers[i]!;
    if (number >= top) continue;
    sink(heap, 0, number);
    top = heap[0]!;
  }
  return top;
}

/** Puts a number at a place whose children are heaps, and lets it sink below greater ones. */
function sink(heap: Float64Array, from: number, number: number): void {
  let at = from;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && heap[child + 1]! > heap[child]!) child++;
    if (heap[child]! <= number) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = number;
}
