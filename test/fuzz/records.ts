import { DecodeError, UnknownSchema, type FormatOptions } from '../../src/formats/define.ts';
import { findFormat } from '../../src/formats/index.ts';
import type { Value } from '../../src/types/sql-type.ts';
import { Bytes } from '../../src/util/bytes.ts';
import type { Random } from './random.ts';
import { columns, randomValue } from './values.ts';

/** What a format's decoder made of bytes that were changed; `findings` are errors that are no user's. */
export interface RecordRun {
  readonly counts: ReadonlyMap<string, number>;
  readonly findings: readonly string[];
}

/** Decodes `count` changed records of a format. */
export function fuzzRecords(name: string, count: number, random: Random): RecordRun {
  const format = findFormat(name)!;
  const wanted = (name === 'KAFKA' ? columns.slice(1, 2) : columns).filter(
    (column) => format.refuses([column], 'value') === undefined,
  );
  const slots = wanted.map((column, slot) => ({ ...column, slot }));
  const text = format.registered?.schemaOf(slots, { wrap: true }, 'Row');
  const options: FormatOptions = {
    wrap: wanted.length !== 1,
    delimiter: ',',
    ...(text === undefined ? {} : { schema: { id: 1, text } }),
    schemas: {
      get: (id) => {
        if (id !== 1) throw new UnknownSchema(id);
        return { text: text! };
      },
    },
  };
  const encode = format.encoder(slots, options);
  // Some of the values wait, as behind a WHERE.
  const decoders = [
    format.decoder(slots, options),
    format.decoder(
      slots.map((each) => ({ ...each, late: each.slot > 1 })),
      options,
    ),
  ];
  const counts = new Map<string, number>();
  const findings: string[] = [];
  for (let i = 0; i < count; i++) {
    const out = new Bytes();
    encode(
      wanted.map(({ type }) => randomValue(type, random)),
      out,
    );
    const bytes = mutate(out.from(0), random);
    const row: Value[] = slots.map(() => null);
    const decode = random.pick(decoders);
    let outcome = 'decoded';
    try {
      if (!decode(bytes, 0, bytes.length, row)) outcome = 'null';
      else decode.late?.(row);
    } catch (error) {
      if (error instanceof DecodeError || error instanceof UnknownSchema) outcome = error.name;
      else {
        outcome = 'FINDING';
        findings.push(`${name} ${bytes.toString('hex')}\n${(error as Error).stack ?? String(error)}`);
      }
    }
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  }
  return { counts, findings };
}

const special = Buffer.from('{}[]",:\\-+.eE0nulltrue\u0000\u007f\u0080\u00ff', 'latin1');

/** One to four changes of bytes; what stands before the payload of a registry's format mostly stays. */
export function mutate(original: Buffer, random: Random): Buffer {
  let bytes = Buffer.from(original);
  for (let left = 1 + random.below(4); left > 0 && bytes.length > 0; left--) {
    const from = bytes.length > 6 && random.next() < 0.9 ? 5 : 0;
    const at = from + random.below(bytes.length - from);
    const chance = random.next();
    if (chance < 0.3) bytes[at] = random.below(256);
    else if (chance < 0.45) bytes[at]! ^= 1 << random.below(8);
    else if (chance < 0.6) bytes[at] = special[random.below(special.length)]!;
    else if (chance < 0.7) bytes = bytes.subarray(0, at);
    else if (chance < 0.8)
      bytes = Buffer.concat([bytes.subarray(0, at), Buffer.alloc(1 + random.below(10), 0xff), bytes.subarray(at)]);
    else if (chance < 0.9) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(4))]);
    else bytes = Buffer.concat([bytes, bytes.subarray(at)]);
  }
  return bytes;
}
