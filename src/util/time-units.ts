const lengths: Readonly<Record<string, number>> = {
  MILLISECOND: 1,
  SECOND: 1000,
  MINUTE: 60_000,
  HOUR: 3_600_000,
  DAY: 86_400_000,
};

/** Milliseconds of a unit word, singular or plural. */
export function unitLengthMs(unit: string): number {
  const word = unit.replace(/S$/, '');
  return word === 'WEEK' ? 7 * lengths['DAY']! : lengths[word]!;
}

/** Milliseconds in the largest unit that holds them whole, such as `90 MINUTES`. */
export function durationText(ms: number): string {
  const [unit, length] = Object.entries(lengths).findLast(([, each]) => ms % each === 0) ?? ['MILLISECOND', 1];
  return `${ms / length} ${unit}S`;
}
