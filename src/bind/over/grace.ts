import { SqlError } from '../../diagnostics/sql-error.ts';
import type { Duration, OverNode, OverOption } from '../../syntax/expressions.ts';

/** ksqlDB's default grace. */
export const defaultGraceMs = 86_400_000;

/** The grace of a SELECT's windows: one GRACE PERIOD holds for all of them, two different ones are an error. */
export class Grace {
  #declared: OverOption<Duration> | undefined;

  add({ grace }: OverNode): void {
    if (grace === undefined) return;
    this.#declared ??= grace;
    const [first, second] = [this.#declared.value, grace.value];
    if (first.ms === second.ms) return;
    const longer = first.ms > second.ms ? first : second;
    throw new SqlError('GRACE_DIFFERS', grace.span, { first: first.text, other: second.text, longer: longer.text });
  }

  get ms(): number {
    return this.#declared?.value.ms ?? defaultGraceMs;
  }
}
