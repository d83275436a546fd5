import { SqlError } from '../../src/diagnostics/sql-error.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { planQuery } from '../../src/engine/plan-query.ts';
import { Session } from '../../src/engine/session.ts';
import { findFormat } from '../../src/formats/index.ts';
import { sourcesOf } from '../../src/plan/physical/topology.ts';
import { BatchWriter } from '../../src/records/batch.ts';
import { noConflation } from '../../src/runtime/run-settings.ts';
import { ErrorCollector, type LoggedError } from '../../src/runtime/task/error-collector.ts';
import type { FormatSpec } from '../../src/specs/source.ts';
import { executeScript } from '../../src/statements/index.ts';
import { parse, splitScript } from '../../src/syntax/parse.ts';
import { keyColumns, valueColumns, type Column } from '../../src/types/schema.ts';
import { decimal, typeText } from '../../src/types/sql-type.ts';
import { Bytes } from '../../src/util/bytes.ts';
import { HarnessNode } from '../conformance/harness-node.ts';
import { loadSchemas, openHarness } from '../conformance/run-case.ts';
import { memoryTask } from '../support/memory-task.ts';
import type { Random } from './random.ts';
import {
  isTable,
  randomAggregate,
  randomCondition,
  randomScalar,
  randomStatement,
  sourceNames,
  type Parts,
  type SourceName,
} from './random-statements.ts';
import { mutate } from './records.ts';
import { specialValue } from './special-values.ts';
import { columns, randomValue } from './values.ts';

/** What became of the queries; `findings` say what no record may do. */
export interface QueriesRun {
  readonly counts: ReadonlyMap<string, number>;
  readonly records: number;
  readonly lines: number;
  readonly findings: readonly string[];
}

const valueFormats = ['JSON', 'JSON', 'AVRO', 'JSON_SR', 'PROTOBUF', 'PROTOBUF_NOSR', 'DELIMITED'];
const wanted = [
  ...columns.map(({ name, type }) => ({ name: name === 'T' ? 'TS' : name, type })),
  { name: 'SMALL', type: decimal(5, 2) },
];
/** What a log line must not say: words of the engine's inside, of its files, and more than one line. */
const inner =
  /\bat \S+ \(|file:\/\/|node_modules|\.[tj]s\b|undefined|is not a function|Cannot |BigInt|Caused by|Maximum call|RangeError|TypeError|failed inside|\n/;

interface Fed {
  readonly source: SourceName;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly time: number;
}

/** Sends records with every type's limits through `count` random queries. */
export async function fuzzQueries(count: number, seed: number, make: (seed: number) => Random): Promise<QueriesRun> {
  const counts = new Map<string, number>();
  const findings: string[] = [];
  let records = 0;
  let lines = 0;
  const parts = await validParts(make(seed));
  for (let i = 0; i < count; i++) {
    const random = make(seed + i);
    const setting = await openSources(random);
    const statement = randomStatement(parts, random);
    let outcome: string;
    try {
      await executeScript({ name: 'fuzz', text: statement }, setting.engine, new Session(setting.engine.defaults));
      await loadSchemas(setting.engine);
      outcome = 'ran';
    } catch (error) {
      outcome = error instanceof SqlError ? String(error.code) : 'FINDING';
      if (outcome === 'FINDING') findings.push(`${told(seed + i, statement)}\n${stackOf(error)}`);
    }
    if (outcome === 'ran') {
      const fed = randomRecords(setting.engine, random);
      const run = await judged(setting, fed, random);
      records += fed.length;
      lines += run.lines;
      findings.push(...run.findings.map((text) => `${told(seed + i, statement)}\n${setting.declared}\n${text}`));
      if (run.findings.length > 0) outcome = 'FINDING';
    }
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    await setting.engine.close();
  }
  return { counts, records, lines, findings };
}
const told = (seed: number, statement: string): string => `seed ${seed}: ${statement}`;
const stackOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));

interface Setting {
  readonly engine: Engine;
  readonly node: HarnessNode;
  readonly declared: string;
}

/** The four sources, in a random format; of it only what it can hold. */
async function openSources(random: Random, only?: string): Promise<Setting> {
  const { node, engine } = openHarness('fuzz_');
  const format = only ?? random.pick(valueFormats);
  const held = wanted.filter((column) => findFormat(format)!.refuses([column], 'value') === undefined);
  const stamped = only === undefined && random.below(3) === 0;
  const declared = sourceNames
    .map((name) => {
      const list = held.map((column) => `${column.name} ${typeText(column.type)}`).join(', ');
      const [kind, key] = isTable(name) ? ['TABLE', 'PRIMARY KEY'] : ['STREAM', 'KEY'];
      const stamp = stamped && !isTable(name) ? `, TIMESTAMP='L'` : '';
      return `CREATE ${kind} ${name} (K STRING ${key}, ${list}) WITH (KAFKA_TOPIC='${name}', VALUE_FORMAT='${format}', PARTITIONS=1${stamp});`;
    })
    .join('\n');
  await executeScript({ name: 'fuzz', text: declared }, engine, new Session(engine.defaults));
  await loadSchemas(engine);
  return { engine, node, declared };
}

/** Expressions that the binder takes. */
async function validParts(random: Random): Promise<Parts> {
  const { engine } = await openSources(random, 'JSON');
  const isValid = (text: string): boolean => {
    const statement = parse(splitScript({ name: 'fuzz', text: `${text};` })[0]!);
    if (statement.kind !== 'select') return false;
    planQuery(statement.query, engine.catalog, { purpose: 'push', suppressEnabled: true, aggregates: 'ksqldb' });
    return true;
  };
  const several = (size: number, write: () => string, around: (text: string) => string): string[] => {
    const taken: string[] = [];
    for (let tries = 0; taken.length < size && tries < size * 20; tries++) {
      const text = write();
      try {
        if (isValid(around(text))) taken.push(text);
      } catch (error) {
        if (!(error instanceof SqlError)) throw error;
      }
    }
    return taken;
  };
  const parts = {
    scalars: several(
      400,
      () => randomScalar(random),
      (text) => `SELECT K, ${text} AS V FROM S EMIT CHANGES`,
    ),
    conditions: several(
      60,
      () => randomCondition(random),
      (text) => `SELECT K FROM S WHERE ${text} EMIT CHANGES`,
    ),
    aggregates: several(
      150,
      () => randomAggregate(random),
      (text) => `SELECT K, ${text} AS V FROM S GROUP BY K EMIT CHANGES`,
    ),
  };
  await engine.close();
  return parts;
}

const times = [0, 1000, 5000, 12_000, 12_001, 30_000, 61_000];
const extremeTimes = [0, 8.64e15, 8.64e15 + 1, 2 ** 53 - 1];

/** Good records, such at the limits, and such that no decoder takes. */
function randomRecords(engine: Engine, random: Random): Fed[] {
  const extremes = random.below(4) === 0;
  const sources = [...engine.catalog.sources.values()].map(({ spec }) => spec);
  return Array.from({ length: 40 }, (): Fed => {
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

/** Keeps every error of a run. */
class Lines extends ErrorCollector {
  readonly all: LoggedError[] = [];

  protected override add(error: LoggedError): void {
    this.all.push(error);
    super.add(error);
  }
}
interface Ran {
  readonly rows: readonly string[];
  readonly lines: readonly LoggedError[];
  readonly failure: string | undefined;
  readonly sources: number;
}

/** Runs the last query over records, in micro-batches of up to so many. */
async function run({ engine }: Setting, fed: readonly (Fed | undefined)[], batch: () => number): Promise<Ran> {
  const node = new HarnessNode();
  const query = [...engine.catalog.queries.values()].at(-1)!;
  const output = query.plan.sink?.topic;
  for (const name of [...sourceNames, output ?? '']) node.log.create(name, 1);
  const errors = new Lines(query.id);
  const log = node.log.open(query.id);
  let failure: string | undefined;
  try {
    const task = memoryTask(
      query.plan,
      log,
      { queryId: query.id, partitions: 1, settings: { ...noConflation, earliest: true }, processingLog: '' },
      { schemas: engine.schemas, errors },
    );
    await task.start();
    const read = new Set<string>(sourcesOf(query.plan).map(({ source }) => source.topic));
    for (let at = 0; at < fed.length;) {
      const next = at + batch();
      for (const each of fed.slice(at, next)) {
        if (each === undefined || !read.has(each.source)) continue;
        const writer = new BatchWriter(1 << 8);
        writer.add(each.time, each.key, each.value);
        node.log.partitions(each.source)[0]!.append(writer.finish());
      }
      at = next;
      while (await task.step());
      await task.commit();
    }
    // A reader of the table is told of no errors a second time.
    Array.from(task.current(undefined) ?? []);
  } catch (error) {
    failure = stackOf(error);
  }
  // The sign of a NaN is the processor's, and is no part of the value.
  const text = (bytes: Buffer | null): string =>
    bytes?.toString('latin1').replaceAll('\u00f8\u00ff', '\u00f8\u007f').replaceAll('\u00ff\u00f8', '\u007f\u00f8') ??
    'null';
  const rows = (output === undefined ? [] : node.log.records(output)).map(
    ({ key, value, timestamp }) => `${text(key)}@${timestamp} ${text(value)}`,
  );
  return { rows, lines: errors.all, failure, sources: sourcesOf(query.plan).length };
}

/** What the records did that none may do. */
async function judged(
  setting: Setting,
  fed: readonly Fed[],
  random: Random,
): Promise<{ lines: number; findings: string[] }> {
  const whole = await run(setting, fed, () => 1);
  const { lines } = whole;
  if (whole.failure !== undefined) return { lines: lines.length, findings: [`the query stops: ${whole.failure}`] };
  const findings = new Set<string>();
  const seen = new Set<string>();
  for (const { type, topic, partition, offset, message } of lines) {
    const line = `${type} ${topic}/${partition}/${offset} ${message.slice(0, 300)}`;
    if (inner.test(message)) findings.add(`a log line of the inside: ${line}`);
    if (topic === '' || offset < 0) findings.add(`a log line of no record: ${line}`);
    if (seen.has(line)) findings.add(`a second log line: ${line}`);
    seen.add(line);
  }
  // Of several inputs the order is that of time, which hangs on what is there.
  if (whole.sources === 1) compare('in batches', whole, await run(setting, fed, () => 1 + random.below(12)), findings);
  // Without the records that the source refuses, each of which is to have changed nothing.
  const refused = new Set(
    lines.filter(({ type }) => type === 'DESERIALIZATION').map(({ topic, offset }) => `${topic}/${offset}`),
  );
  if (refused.size > 0) {
    const at = new Map<string, number>();
    const kept = fed.map((each) => {
      const offset = at.get(each.source) ?? 0;
      at.set(each.source, offset + 1);
      return refused.has(`${each.source}/${offset}`) ? undefined : each;
    });
    compare('without the bad records', whole, await run(setting, kept, () => 1), findings);
  }
  return { lines: lines.length, findings: [...findings] };
}

function compare(how: string, one: Ran, other: Ran, findings: Set<string>): void {
  if (other.failure !== undefined) {
    findings.add(`the query stops ${how}: ${other.failure}`);
    return;
  }
  const at = one.rows.findIndex((row, i) => row !== other.rows[i]);
  if (at < 0 && one.rows.length === other.rows.length) return;
  const show = (ran: Ran): string => (ran.rows[at < 0 ? one.rows.length : at] ?? 'nothing').slice(0, 300);
  findings.add(
    `another result ${how}, at row ${at} of ${one.rows.length} and ${other.rows.length}:\n${show(one)}\n${show(other)}`,
  );
}
