import { decimalFromText, parseDecimal, powerOfTen } from '../types/decimals.ts';
import { JsonNumber, jsonText, type Json } from '../types/json.ts';
import { canonical, readDouble } from '../types/numbers.ts';
import { elementsRead, partOfElements, partOfField, readWhole, type ReadPart } from '../types/read-part.ts';
import type { SqlType, Value } from '../types/sql-type.ts';
import { DecodeError } from './define.ts';
import { timeNumber } from './time-numbers.ts';

/**
 * Converts parsed JSON to a value of a type, by ksqlDB's lenient rules; `path` is the position in error messages. Fields of a STRUCT
 * that are not in `part` are null, whatever they hold.
 */
export function fromJson(json: Json, type: SqlType, path: string, part: ReadPart = readWhole): Value {
  if (json === null) return null;
  const fail = (): never => {
    throw new DecodeError(
      `${path}: ${kindOf(json)} is not ${type.kind === 'INTEGER' || type.kind === 'ARRAY' ? 'an' : 'a'} ${type.kind}`,
    );
  };
  switch (type.kind) {
    case 'BOOLEAN':
      return typeof json === 'boolean' ? json : fail();
    case 'INTEGER':
      return integerText(numberText(json) ?? fail(), path, 32);
    case 'BIGINT':
      return integerText(numberText(json) ?? fail(), path, 64);
    case 'TIMESTAMP':
    case 'DATE':
    case 'TIME':
      return timeNumber(integerText(numberText(json) ?? fail(), path, 64), type.kind);
    case 'DOUBLE':
      if (json instanceof JsonNumber) return Number(json.text);
      return (typeof json === 'string' ? readDouble(json) : undefined) ?? fail();
    case 'DECIMAL':
      try {
        return decimalFromText(numberText(json) ?? fail(), type, true);
      } catch (error) {
        throw error instanceof DecodeError ? error : new DecodeError(`${path}: ${(error as Error).message}`);
      }
    case 'STRING':
      return typeof json === 'string' ? json : jsonText(json);
    case 'BYTES':
      return typeof json === 'string' ? Buffer.from(json, 'base64') : fail();
    case 'ARRAY':
      if (!Array.isArray(json)) return fail();
      return json
        .slice(0, elementsRead(part))
        .map((item, i) => fromJson(item, type.element, `${path}[${i}]`, partOfElements(part)));
    case 'MAP':
      return json instanceof Map
        ? new Map(
            [...json].map(([key, item]) => [key, fromJson(item, type.value, `${path}.${key}`, partOfElements(part))]),
          )
        : fail();
    case 'STRUCT': {
      if (!(json instanceof Map)) return fail();
      return type.fields.map(({ name, type: fieldType }) => {
        const fieldPart = partOfField(part, name);
        if (fieldPart === undefined) return null;
        return fromJson(findField(json, name) ?? null, fieldType, `${path}.${name}`, fieldPart);
      });
    }
  }
}

/** The field with this exact name, else one whose upper-case name is this name. */
export function findField(object: ReadonlyMap<string, Json>, name: string): Json | undefined {
  const exact = object.get(name);
  if (exact !== undefined) return exact;
  for (const [key, value] of object) if (key.toUpperCase() === name) return value;
  return undefined;
}

function numberText(json: Json): string | undefined {
  if (json instanceof JsonNumber) return json.text;
  return typeof json === 'string' && /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(json) ? json : undefined;
}

/** Parses a number's text as an integer. Fractions are truncated; a value beyond the width throws. */
function integerText(text: string, path: string, bits: 32 | 64): number | bigint {
  const parsed = parseDecimal(text);
  if (parsed === undefined) throw new DecodeError(`${path}: "${text}" is not a number`);
  const value = parsed.scale === 0 ? parsed.unscaled : parsed.unscaled / powerOfTen(parsed.scale);
  if (BigInt.asIntN(bits, value) !== value)
    throw new DecodeError(`${path}: ${text} is outside the range of ${bits === 32 ? 'INTEGER' : 'BIGINT'}`);
  return canonical(value);
}

function kindOf(json: Json): string {
  if (json instanceof JsonNumber) return 'a number';
  if (Array.isArray(json)) return 'an array';
  if (json instanceof Map) return 'an object';
  return `a ${typeof json}`;
}
