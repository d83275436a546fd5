import { parseDecimal } from '../../src/types/decimals.ts';
import { JsonNumber, type Json } from '../../src/types/json.ts';
import type { SqlType } from '../../src/types/sql-type.ts';

/** Whether what was written is what the case expects, by the comparator of ksqlDB's runner; the type tells decimals from doubles. */
export function matches(expected: Json, actual: Json, type: SqlType | undefined): boolean {
  if (expected === null) return actual === null;
  if (expected instanceof Map) {
    if (!(actual instanceof Map) || expected.size !== actual.size) return false;
    return [...expected].every(([name, value]) => {
      const found = actual.has(name) ? name : name.toUpperCase();
      // ksqlDB's runner asks for a field by its name: one that is not there is null to it.
      return matches(value, actual.get(found) ?? null, fieldType(type, found));
    });
  }
  if (Array.isArray(expected)) {
    const element = type?.kind === 'ARRAY' ? type.element : undefined;
    return (
      Array.isArray(actual) &&
      actual.length === expected.length &&
      expected.every((item, i) => matches(item, actual[i]!, element))
    );
  }
  if (expected instanceof JsonNumber)
    return actual instanceof JsonNumber && sameNumber(expected.text, actual.text, type);
  if (typeof expected === 'string' && actual instanceof JsonNumber)
    return type?.kind === 'DECIMAL' && sameDecimal(expected, actual.text);
  return expected === actual;
}

/** Digits as text stand for a decimal with as many places. */
function sameDecimal(expected: string, actual: string): boolean {
  const [a, b] = [parseDecimal(expected), parseDecimal(actual)!];
  return a?.unscaled === b.unscaled && a.scale === b.scale;
}

function fieldType(type: SqlType | undefined, name: string): SqlType | undefined {
  if (type?.kind === 'STRUCT') return type.fields.find((field) => field.name === name)?.type;
  return type?.kind === 'MAP' ? type.value : undefined;
}

function sameNumber(expected: string, actual: string, type: SqlType | undefined): boolean {
  if (type?.kind === 'DECIMAL') {
    const [a, b] = [parseDecimal(expected)!, parseDecimal(actual)!];
    const isWhole = /^-?\d+$/.test(expected);
    return a.unscaled === b.unscaled && (isWhole ? b.scale === 0 : a.scale === b.scale);
  }
  if (type === undefined || type.kind === 'DOUBLE')
    return Math.abs(Number(expected) - Number(actual)) < 1e-6 || Number(expected) === Number(actual);
  const [a, b] = [parseDecimal(expected)!, parseDecimal(actual)!];
  // A fraction that is expected of an integer column counts by its whole part.
  return a.unscaled / 10n ** BigInt(a.scale) === b.unscaled / 10n ** BigInt(b.scale);
}
