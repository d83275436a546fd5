import { parseTimestamp } from '../types/times.ts';

/** FROM and TO of a statement in milliseconds; of one that is no time, and of bounds that have nothing between them, these tell. */
export function timeBounds(
  from: string | undefined,
  to: string | undefined,
  refuseTime: (text: string, bound: 'from' | 'to') => never,
  refuseOrder: () => never,
): { readonly fromMs: number | undefined; readonly toMs: number | undefined } {
  const read = (text: string | undefined, bound: 'from' | 'to'): number | undefined => {
    if (text === undefined) return undefined;
    try {
      return parseTimestamp(text);
    } catch {
      return refuseTime(text, bound);
    }
  };
  const [fromMs, toMs] = [read(from, 'from'), read(to, 'to')];
  if (fromMs !== undefined && toMs !== undefined && fromMs >= toMs) refuseOrder();
  return { fromMs, toMs };
}
