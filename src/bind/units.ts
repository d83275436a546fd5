const lengths: Readonly<Record<string, number>> = {
  MILLISECOND: 1,
  SECOND: 1000,
  MINUTE: 60_000,
  HOUR: 3_600_000,
  DAY: 86_400_000,
};

/** Milliseconds of a unit word, singular or plural. */
export function unitLengthMs(unit: string): number {
  return lengths[unit.replace(/S$/, '')]!;
}
