import { findFormat } from '../src/formats/index.ts';
import { findFunction } from '../src/functions/registry.ts';
import { signaturesOf } from '../src/functions/define.ts';
import { signatureText } from '../src/functions/resolve.ts';
import { Change } from '../src/runtime/change.ts';
import { BIGINT, DOUBLE, STRING, type Value } from '../src/types/sql-type.ts';
import { Bytes } from '../src/util/bytes.ts';
import { prepare, type Prepared } from '../test/golden/evaluate.ts';
import { goldenFiles, runGolden, type Evaluated } from '../test/golden/golden.ts';
import { casesOf } from '../test/golden/reference.ts';
import { openEngine } from '../test/support/memory-node.ts';

const batchRows = 1000;
const warmMs = 40;
const measureMs = 80;
/** Functions below this many rows a second are listed by name, at least the five slowest. */
const slowRate = 200_000;

/** Rows a second of each overload of each function, by its example in the golden files, and of each format. */
export async function benchFunctions(): Promise<void> {
  const rates: { name: string; rate: number }[] = [];
  for (const { file } of goldenFiles.filter(({ name }) => name.startsWith('functions/'))) {
    const evaluated: Evaluated[] = [];
    await runGolden(file, 'whole', undefined, undefined, { evaluated });
    // The golden run has closed its node, so a second one gets the rows.
    const { engine, run, close } = await openEngine();
    const { body: sql } = file.blocks.find(({ command }) => command === 'sql')!;
    await run(sql);
    for (const { argument, body } of file.blocks.filter(({ command }) => command === 'produce'))
      for (const line of body.split('\n')) {
        const [, timestamp, key, value] = /^@(\d+) (\S+) (.*)$/.exec(line)!;
        await engine.node.produce(argument, [
          { key: key!, value: value!, timestamp: Number(timestamp), partition: undefined },
        ]);
      }
    for (const [fn, cases] of casesOf(evaluated))
      for (const [i, { ordinary }] of cases.entries()) {
        if (ordinary === undefined) continue;
        const { overload, isStandard } = signaturesOf(findFunction(fn)!)[i]!;
        const prepared = await prepare(engine, 'readings', ordinary.expression, isStandard ? 'standard' : 'ksqldb');
        const name = `${signatureText(fn, overload)}${isStandard ? ' (standard)' : ''}`;
        rates.push({ name, rate: rateOf(functionRun(prepared)) });
      }
    await close();
  }
  for (const name of ['JSON', 'DELIMITED', 'AVRO', 'JSON_SR', 'PROTOBUF', 'PROTOBUF_NOSR'])
    rates.push({ name: `${name}, read and written`, rate: rateOf(formatRun(name)) });
  const sorted = rates.toSorted((a, b) => a.rate - b.rate);
  const slow = sorted.filter(({ rate }) => rate < slowRate);
  for (const { name, rate } of sorted.slice(0, Math.max(5, slow.length)))
    console.log(`${String(rate).padStart(8)} rows/s  ${name}`);
  console.log(
    JSON.stringify({
      bench: 'functions',
      measured: rates.length,
      median: sorted[sorted.length >> 1]!.rate,
      [`under_${slowRate}`]: slow.length,
    }),
  );
}

/**
 * Processes the file's rows again and again, each time as another group, so that aggregates cover as many rows as in the file.
 */
function functionRun({ topology, changes, sourceId, columns }: Prepared): () => number {
  const slot = columns.indexOf('GRP');
  let group = 0;
  return () => {
    const batch = Array.from({ length: batchRows }, (_, at) => {
      const { after, timestamp } = changes[at % changes.length]!;
      const row = [...after!];
      if (at % changes.length === 0) group++;
      if (slot >= 0) row[slot] = `g${group}`;
      return { stepId: sourceId, partition: 0, change: new Change([`g${group}`], undefined, row, timestamp, at) };
    });
    void topology.process(batch);
    return batchRows;
  };
}

function rateOf(process: () => number): number {
  for (const end = performance.now() + warmMs; performance.now() < end;) process();
  const started = performance.now();
  let rows = 0;
  while (performance.now() - started < measureMs) rows += process();
  return Math.round((rows / (performance.now() - started)) * 1000);
}

/** Decodes and encodes a row of three columns. */
function formatRun(name: string): () => number {
  const columns = [
    { name: 'ID', type: BIGINT, slot: 0 },
    { name: 'NAME', type: STRING, slot: 1 },
    { name: 'AMOUNT', type: DOUBLE, slot: 2 },
  ];
  const { encoder, decoder, registered } = findFormat(name)!;
  const bare = { wrap: true, delimiter: ',' };
  const schema = registered && { id: 1, text: registered.schemaOf(columns, bare, 'Row') };
  const options = schema === undefined ? bare : { ...bare, schema, schemas: { get: () => schema } };
  const encode = encoder(columns, options);
  const decode = decoder(columns, options);
  const out = new Bytes();
  const row: Value[] = [12345, 'a name of a user', 12.5];
  encode(row, out);
  const bytes = Buffer.from(out.from(0));
  return () => {
    for (let i = 0; i < batchRows; i++) {
      decode(bytes, 0, bytes.length, row);
      out.length = 0;
      encode(row, out);
    }
    return batchRows;
  };
}
