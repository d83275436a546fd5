import { describe, expect, test } from 'vitest';
import { type FormatOptions, type Format, type NullableFields } from '../../src/formats/define.ts';
import { findFormat, formatNames } from '../../src/formats/index.ts';
import { slowJsonDecoder } from '../../src/formats/json-decoder.ts';
import { EvaluationError } from '../../src/types/numbers.ts';
import { typeText, type SqlType, type Value } from '../../src/types/sql-type.ts';
import { Bytes } from '../../src/util/bytes.ts';
import { samples } from '../support/round-trip-values.ts';

/** A format in one of its forms. */
interface Form {
  readonly format: Format;
  readonly wrap: boolean;
  readonly nullable?: NullableFields;
  readonly delimiter: string;
}

const forms = formatNames().flatMap((name): Form[] => {
  const format = findFormat(name)!;
  const wraps = { wrap: [true], unwrap: [false], both: [true, false], none: [] }[format.singles];
  const delimiters = format.usesDelimiter ? [',', '|', '\t', ' ', '1', '-', 'e'] : [','];
  const nullables = format.usesNullable === true ? ([undefined, 'OPTIONAL', 'WRAPPER'] as const) : [undefined];
  return wraps.flatMap((wrap) =>
    delimiters.flatMap((delimiter) => nullables.map((nullable) => ({ format, wrap, delimiter, nullable }))),
  );
});

const lost = Symbol('not written');
type Loss = (value: Value, type: SqlType, form: Form) => Value | typeof lost | undefined;

/**
 * What formats do not hold, and what is read instead; everything else must come back as it was. `lost`: the row is not written
 * and goes to the processing log. The same list is in docs/compatibility.md.
 */
const losses: readonly (readonly [name: string, formats: RegExp, loss: Loss])[] = [
  [
    'a surrogate without its partner is U+FFFD in UTF-8; JSON escapes it',
    /^(AVRO|PROTOBUF|PROTOBUF_NOSR|DELIMITED|KAFKA)$/,
    (value) => (typeof value === 'string' ? Buffer.from(value).toString() : undefined),
  ],
  [
    'an empty field of DELIMITED is null',
    /^DELIMITED$/,
    (value) => (value === '' || (Buffer.isBuffer(value) && value.length === 0) ? null : undefined),
  ],
  [
    'a list of Protobuf holds no null',
    /^PROTOBUF/,
    (value, { kind }) => (kind === 'ARRAY' && (value as Value[] | null)?.includes(null) === true ? lost : undefined),
  ],
  [
    'a list and a map of Protobuf that are null are empty',
    /^PROTOBUF/,
    (value, { kind }) => (value !== null ? undefined : kind === 'ARRAY' ? [] : kind === 'MAP' ? new Map() : undefined),
  ],
  [
    "a null of Protobuf is the type's default, unless its representation is chosen",
    /^PROTOBUF/,
    (value, { kind }, { nullable }) => (value === null && nullable === undefined ? defaults[kind] : undefined),
  ],
];

const defaults: Partial<Record<SqlType['kind'], Value>> = {
  BOOLEAN: false,
  INTEGER: 0,
  BIGINT: 0,
  DOUBLE: 0,
  STRING: '',
  BYTES: Buffer.alloc(0),
};

/** The value after the losses of its own type, without its members'. */
function own(value: Value, type: SqlType, form: Form): Value | typeof lost {
  let now = value;
  for (const [, formats, loss] of losses) {
    const instead: ReturnType<Loss> = formats.test(form.format.name) ? loss(now, type, form) : undefined;
    if (instead === lost) return lost;
    if (instead !== undefined) now = instead;
  }
  return now;
}

/** What a format gives back for a value: the value itself, but for the list above. */
function kept(given: Value, type: SqlType, form: Form): Value | typeof lost {
  const value = own(given, type, form);
  if (value === null || value === lost) return value;
  const each = (items: Iterable<Value>, typeOf: (i: number) => SqlType): Value[] | undefined => {
    const members = [...items].map((item, i) => kept(item, typeOf(i), form));
    return members.includes(lost) ? undefined : (members as Value[]);
  };
  if (type.kind === 'STRUCT') return each(value as Value[], (i) => type.fields[i]!.type) ?? lost;
  if (type.kind === 'ARRAY') return each(value as Value[], () => type.element) ?? lost;
  if (type.kind !== 'MAP') return value;
  const map = value as Map<Value, Value>;
  const items = each(map.values(), () => type.value);
  return items === undefined ? lost : new Map([...map.keys()].map((key, i) => [key, items[i]!]));
}

const before = { name: 'BEFORE', value: 7, type: { kind: 'BIGINT' } as const };
const after = { name: 'AFTER', value: 'after', type: { kind: 'STRING' } as const };

/** A column's options, with the schema that CREATE would have registered. */
function optionsOf(form: Form, columns: readonly { name: string; type: SqlType; slot: number }[]): FormatOptions {
  const { format, ...options } = form;
  const text = format.registered?.schemaOf(columns, options, 'Row');
  const schema = text === undefined ? undefined : { id: 5, text };
  return { ...options, schema, schemas: { get: () => schema! } };
}

/** Writes a value between two others where the form has room for them, and reads it by every decoder. */
function trip(form: Form, type: SqlType, values: readonly Value[]): void {
  const alone = !form.wrap && form.format.singles === 'both' ? true : form.format.name === 'KAFKA';
  const columns = (alone ? [{ name: 'V', type }] : [before, { name: 'V', type }, after]).map(
    ({ name, type: own }, slot) => ({ name, type: own, slot }),
  );
  const options = optionsOf(form, columns);
  const encode = form.format.encoder(columns, options);
  const decoders = [form.format.decoder(columns, options)];
  if (form.format.name === 'JSON') decoders.push(slowJsonDecoder(columns, options));
  const late = form.format.decoder(
    columns.map((column) => ({ ...column, late: true })),
    options,
  );
  decoders.push((bytes, start, end, row) => {
    const hasValue = late(bytes, start, end, row);
    late.late?.(row);
    return hasValue;
  });
  for (const value of [null, ...values]) {
    const row = alone ? [value] : [before.value, value, after.value];
    const expected = kept(value, type, form);
    const what = `${form.format.name} ${JSON.stringify(options)} ${typeText(type)} ${show(value)}`;
    const out = new Bytes();
    out.text('xx');
    let hasValue: boolean;
    try {
      hasValue = encode(row, out);
    } catch (error) {
      expect(error, what).toBeInstanceOf(EvaluationError);
      expect(lost, what).toBe(expected);
      continue;
    }
    const bytes = Buffer.concat([out.from(0), Buffer.from('yy')]);
    if (alone && value === null) {
      expect(hasValue, what).toBe(false);
      continue;
    }
    for (const decode of decoders) {
      const read: Value[] = row.map(() => null);
      expect(decode(bytes, 2, bytes.length - 2, read), what).toBe(true);
      expect(read, what).toStrictEqual(alone ? [expected] : [before.value, expected, after.value]);
    }
  }
}

const show = (value: unknown): string =>
  JSON.stringify(value, (_key, each: unknown) =>
    typeof each === 'bigint' || (typeof each === 'number' && !Number.isFinite(each))
      ? String(each)
      : each instanceof Map
        ? [...(each as Map<unknown, unknown>)]
        : each,
  ).slice(0, 200);

describe.each(forms)('$format.name wrap=$wrap delimiter=$delimiter nullable=$nullable', (form) => {
  test('what is written is read, or the column is refused when it is declared', () => {
    let held = 0;
    for (const { type, values } of samples) {
      if (form.format.refuses([{ name: 'V', type }], 'value') !== undefined) continue;
      held++;
      trip(form, type, values);
    }
    expect(held).toBeGreaterThan(3);
  });
});
