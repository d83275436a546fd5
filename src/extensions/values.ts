import { EvaluationError } from '../types/numbers.ts';
import { decimalText, fits, parseDecimal, rescale } from '../types/decimals.ts';
import { canonical } from '../types/numbers.ts';
import { typeText, type Long, type SqlType, type Value } from '../types/sql-type.ts';

/** Converts a value for a user's function; undefined when values of the type are passed unchanged. */
export function givenAs(type: SqlType): ((value: Value) => unknown) | undefined {
  switch (type.kind) {
    case 'DECIMAL':
      return (value) => decimalText(value as Long, type.scale);
    case 'ARRAY': {
      const element = givenAs(type.element);
      return element && ((value) => (value as readonly Value[]).map(orNull(element)));
    }
    case 'MAP': {
      const item = givenAs(type.value);
      return (
        item &&
        ((value) => new Map([...(value as ReadonlyMap<Value, Value>)].map(([key, each]) => [key, orNull(item)(each)])))
      );
    }
    case 'STRUCT': {
      const fields = type.fields.map((field) => orNull(givenAs(field.type) ?? ((value) => value)));
      return (value) =>
        Object.fromEntries(type.fields.map(({ name }, i) => [name, fields[i]!((value as readonly Value[])[i]!)]));
    }
    default:
      return undefined;
  }
}

const orNull =
  (convert: (value: Value) => unknown): ((value: Value) => unknown) =>
  (value) =>
    value === null ? null : convert(value);

/** Converts the result of a user's function to a value of the type, or throws. Undefined means NULL. */
export function takenAs(type: SqlType): (value: unknown) => Value {
  const take = taker(type);
  return (value) => (value === null || value === undefined ? null : take(value));
}

function taker(type: SqlType): (value: unknown) => Value {
  const refuse = (value: unknown): never => {
    throw new EvaluationError(
      `the function gave ${typeof value === 'object' ? 'an object' : `the ${typeof value} ${String(value)}`}, which is no ${typeText(type)}`,
    );
  };
  switch (type.kind) {
    case 'BOOLEAN':
      return (value: unknown) => (typeof value === 'boolean' ? value : refuse(value));
    case 'INTEGER':
    case 'DATE':
    case 'TIME':
      return (value: unknown) => (typeof value === 'number' && (value | 0) === value ? value : refuse(value));
    case 'BIGINT':
    case 'TIMESTAMP':
      return (value: unknown) => {
        if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
        if (typeof value === 'bigint' && BigInt.asIntN(64, value) === value) return canonical(value);
        return refuse(value);
      };
    case 'DOUBLE':
      return (value: unknown) => (typeof value === 'number' ? value : refuse(value));
    case 'STRING':
      return (value: unknown) => (typeof value === 'string' ? value : refuse(value));
    case 'BYTES':
      return (value: unknown) => (value instanceof Uint8Array ? Buffer.from(value) : refuse(value));
    case 'DECIMAL':
      return (value: unknown) => {
        const parsed = typeof value === 'string' || typeof value === 'number' ? parseDecimal(String(value)) : undefined;
        if (parsed === undefined) return refuse(value);
        const scaled = rescale(canonical(parsed.unscaled), parsed.scale, type.scale);
        return fits(scaled, type.precision) ? scaled : refuse(value);
      };
    case 'ARRAY': {
      const element = takenAs(type.element);
      return (value: unknown) => (Array.isArray(value) ? value.map(element) : refuse(value));
    }
    case 'MAP': {
      const key = takenAs(type.key);
      const item = takenAs(type.value);
      return (value: unknown) => {
        const entries =
          value instanceof Map
            ? [...(value as Map<unknown, unknown>)]
            : isObject(value)
              ? Object.entries(value)
              : refuse(value);
        return new Map(entries.map(([name, each]) => [key(name), item(each)]));
      };
    }
    case 'STRUCT': {
      const fields = type.fields.map((field) => ({ name: field.name, take: takenAs(field.type) }));
      return (value: unknown) => (isObject(value) ? fields.map(({ name, take }) => take(value[name])) : refuse(value));
    }
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
