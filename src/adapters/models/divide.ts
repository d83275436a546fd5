import type { Row } from '../../types/sql-type.ts';
import { ScoringError, type RowAnswer } from './provider.ts';

/** So many rows, spread over a batch, are tried alone before a failure is taken for that of all rows. */
const probes = 8;

/**
 * Scores a batch. When a call fails because of what may be one row, it is divided until the failing rows are found: at most
 * 2 log2 n further calls for one of n rows. When all calls fail, that of rows alone from all parts of the batch too, it is the
 * failure of the batch.
 */
export async function scoreDivided(
  rows: readonly Row[],
  call: (rows: readonly Row[]) => Promise<readonly RowAnswer[]>,
): Promise<readonly RowAnswer[]> {
  const answers = new Array<RowAnswer>(rows.length);
  let hasScored = false;
  let alone = 0;
  let failure: ScoringError | undefined;

  const attempt = async (from: number, to: number): Promise<ScoringError | undefined> => {
    try {
      const part = await call(rows.slice(from, to));
      part.forEach((answer, i) => (answers[from + i] = answer));
      hasScored = true;
      return undefined;
    } catch (error) {
      const known = error instanceof ScoringError ? error : new ScoringError('BAD_RESPONSE', (error as Error).message);
      answers.fill(known, from, to);
      return known;
    }
  };
  const isEveryRow = async (): Promise<boolean> => {
    for (let i = 1; i <= probes && !hasScored; i++) {
      const place = Math.ceil((rows.length * i) / probes) - 1;
      await attempt(place, place + 1);
    }
    return !hasScored;
  };
  const score = async (from: number, to: number): Promise<void> => {
    if (failure !== undefined) return void answers.fill(failure, from, to);
    const error = await attempt(from, to);
    if (error?.mayBeOneRow !== true) return;
    if (to - from > 1) {
      const middle = (from + to) >> 1;
      await score(from, middle);
      return score(middle, to);
    }
    if (!hasScored && ++alone === 2 && (await isEveryRow())) failure = error;
  };
  await score(0, rows.length);
  return answers;
}
