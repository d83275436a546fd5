import { findFormat } from '../src/formats/index.ts';
import { findFunction } from '../src/functions/registry.ts';
import { signaturesOf } from '../src/functions/define.ts';
import { signatureText } from '../src/functions/resolve.ts';
import { Change } from '../src/runtime/change.ts';
import { BIGINT, DOUBLE, STRING, type Value } from '../src/types/sql-type.ts';
import { Bytes } from '../src/util/bytes.ts';
import { InternalError } from '../src/util/internal-error.ts';
import { prepare, type Prepared } from '../test/golden/evaluate.ts';
import { goldenFiles, runGolden, type Evaluated } from '../test/golden/golden.ts';
import { casesOf } from '../test/golden/reference.ts';
import { openEngine } from '../test/support/memory-node.ts';

const batchRows = 1000;
const warmMs = 60;
const sliceMs = 25;
const slices = 5;
/** Functions below this many rows a second are listed by name, at least the five slowest. */
const slowRate = 200_000;

/**
 * Rows a CPU second of each overload of each function, by its example in the golden files, and of each format; of those alone whose
 * name begins with `wanted`, if there is one.
 */
export async function benchFunctions(wanted = ''): Promise<void> {
  const rates: { name: string; rate: number }[] = [];
  for (const { file } of goldenFiles.filter(({ name }) => name.startsWith('functions/'))) {
    if (!file.blocks.some(({ body }) => body.includes(wanted))) continue;
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
    for (const [fn, cases] of casesOf(evaluated)) {
      if (!fn.startsWith(wanted)) continue;
      for (const [i, { ordinary }] of cases.entries()) {
        if (ordinary === undefined) continue;
        const { overload, isStandard } = signaturesOf(findFunction(fn)!)[i]!;
        const prepared = await prepare(engine, 'readings', ordinary.expression, isStandard ? 'standard' : 'ksqldb');
        const name = `${signatureText(fn, overload)}${isStandard ? ' (standard)' : ''}`;
        rates.push({ name, rate: rateOf(functionRun(prepared)) });
      }
    }
    await close();
  }
  for (const name of ['JSON', 'DELIMITED', 'AVRO', 'JSON_SR', 'PROTOBUF', 'PROTOBUF_NOSR'])
    if (name.startsWith(wanted)) rates.push({ name: `${name}, read and written`, rate: rateOf(formatRun(name)) });
  if (rates.length === 0) throw new InternalError(`no function of the golden files begins with "${wanted}"`);
  const sorted = rates.toSorted((a, b) => a.rate - b.rate);
  const slow = sorted.filter(({ rate }) => rate < slowRate);
  for (const { name, rate } of sorted.slice(0, Math.max(5, slow.length)))
    console.log(`${String(rate).padStart(8)} rows/CPU-s  ${name}`);
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

/** By CPU time, which other work on the machine does not change as it does rates; the median of several slices. */
function rateOf(run: () => number): number {
  const slice = (ms: number): number => {
    const started = cpuMs();
    let rows = 0;
    while (cpuMs() - started < ms) rows += run();
    return (rows / (cpuMs() - started)) * 1000;
  };
  slice(warmMs);
  const median = (): number =>
    Math.round(Array.from({ length: slices }, () => slice(sliceMs)).sort((a, b) => a - b)[slices >> 1]!);
  const rate = median();
  // What seems slow may have been compiled meanwhile.
  return rate < slowRate ? Math.max(rate, median()) : rate;
}
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
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
