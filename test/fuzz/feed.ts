import type { Engine } from '../../src/engine/engine.ts';
import { findFormat } from '../../src/formats/index.ts';
import type { FormatSpec } from '../../src/specs/source.ts';
import { keyColumns, valueColumns, type Column } from '../../src/types/schema.ts';
import { decimal, typeText } from '../../src/types/sql-type.ts';
import { Bytes } from '../../src/util/bytes.ts';
import type { Random } from './random.ts';
import { isTable, sourceNames, type SourceName } from './random-statements.ts';
import { mutate } from './records.ts';
import { specialValue } from './special-values.ts';
import { columns, randomValue } from './values.ts';

const valueFormats = ['JSON', 'JSON', 'AVRO', 'JSON_SR', 'PROTOBUF', 'PROTOBUF_NOSR', 'DELIMITED'];
const wanted = [
  ...columns.map(({ name, type }) => ({ name: name === 'T' ? 'TS' : name, type })),
  { name: 'SMALL', type: decimal(5, 2) },
];

/** The statements of the four sources, in a random format; of it only what it can hold. Their topics begin with `prefix`. */
export function randomSources(random: Random, only?: string, prefix = ''): string {
  const format = only ?? random.pick(valueFormats);
  const held = wanted.filter((column) => findFormat(format)!.refuses([column], 'value') === undefined);
  const stamped = only === undefined && random.below(3) === 0;
  return sourceNames
    .map((name) => {
      const list = held.map((column) => `${column.name} ${typeText(column.type)}`).join(', ');
      const [kind, key] = isTable(name) ? ['TABLE', 'PRIMARY KEY'] : ['STREAM', 'KEY'];
      const stamp = stamped && !isTable(name) ? `, TIMESTAMP='L'` : '';
      return `CREATE ${kind} ${name} (K STRING ${key}, ${list}) WITH (KAFKA_TOPIC='${prefix}${name}', VALUE_FORMAT='${format}', PARTITIONS=1${stamp});`;
    })
    .join('\n');
}

/** A record and the source in whose topic it is. */
export interface Fed {
  readonly source: SourceName;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly time: number;
}

const times = [0, 1000, 5000, 12_000, 12_001, 30_000, 61_000];
const extremeTimes = [0, 8.64e15, 8.64e15 + 1, 2 ** 53 - 1];

/** So many records: good ones, such at the limits, and such that no decoder takes. */
export function randomRecords(engine: Engine, random: Random, count = 40): Fed[] {
  const extremes = random.below(4) === 0;
  const sources = [...engine.catalog.sources.values()].map(({ spec }) => spec);
  return Array.from({ length: count }, (): Fed => {
    const source = random.pick(sourceNames);
    const spec = sources.find(({ name }) => name === source)!;
    const chance = random.next();
    const [key] = encoded(spec.keyFormat, keyColumns(spec.schema), () =>
      random.below(15) === 0 ? null : random.pick(['a', 'b', 'c', '']),
    );
    const [value, refused] = encoded(spec.valueFormat, valueColumns(spec.schema), ({ name, type }) => {
      if (name === 'L' && spec.timestamp !== undefined && random.below(4) > 0) return random.pick(times);
      return random.next() < (chance < 0.6 ? 0.35 : 0.02) ? specialValue(type, random) : randomValue(type, random);
    });
    const bytes = value === null || chance < 0.9 || random.below(3) === 0 ? value : mutate(value, random);
    const isGone = refused || random.below(20) === 0;
    const time = extremes && random.below(6) === 0 ? random.pick(extremeTimes) : random.pick(times);
    return { source, key, value: isGone ? null : bytes, time };
  });
}

/** The bytes of a row, and whether the writer refused it: then there is no such record. */
function encoded(
  spec: FormatSpec,
  list: readonly Column[],
  value: (column: Column) => ReturnType<typeof randomValue>,
): [bytes: Buffer | null, refused: boolean] {
  const slots = list.map(({ name, type }, slot) => ({ name, type, slot }));
  const out = new Bytes();
  try {
    const has = findFormat(spec.format)!.encoder(slots, spec)(list.map(value), out);
    return [has ? out.from(0) : null, false];
  } catch {
    return [null, true];
  }
}
