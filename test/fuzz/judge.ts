import { MemoryBackend } from '../../src/adapters/memory/memory-backend.ts';
import type { QueryObject } from '../../src/catalog/catalog.ts';
import { sourcesOf, subTopologies } from '../../src/plan/physical/topology.ts';
import { BatchWriter } from '../../src/records/batch.ts';
import { noConflation } from '../../src/runtime/run-settings.ts';
import type { TopicRecord } from '../../src/runtime/ports/node.ts';
import type { SchemaCache } from '../../src/runtime/schema-cache.ts';
import type { ProcessingError } from '../../src/runtime/sinks/processing-log.ts';
import { ErrorCollector } from '../../src/runtime/task/error-collector.ts';
import type { Task } from '../../src/runtime/task/task.ts';
import { HarnessNode } from '../conformance/harness-node.ts';
import { memoryTask } from '../support/memory-task.ts';
import type { Fed } from './feed.ts';
import type { Random } from './random.ts';

/** What a log line must not say: words of the engine's inside, of its files, and more than one line. */
const inner =
  /\bat \S+ \(|file:\/\/|node_modules|\.[tj]s\b|undefined|is not a function|Cannot |BigInt|Caused by|Maximum call|RangeError|TypeError|failed inside|\n/;

export const stackOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

/** A query, and the schemas of what it reads. */
export interface Judged {
  readonly query: QueryObject;
  readonly schemas: SchemaCache;
}

type Written = Pick<TopicRecord, 'key' | 'value' | 'timestamp'>;

/** What a query made of records: its rows and its lines in the processing log, in order; why it stopped, if it did. */
export interface Ran {
  readonly rows: readonly Written[];
  readonly lines: readonly ProcessingError[];
  readonly failure?: string | undefined;
}

/** How a run is cut up: the size of the next batch, and what becomes of the task behind it. */
interface Cuts {
  readonly batch: () => number;
  /** Whether the task is stopped behind a batch and started again, or killed before its commit. */
  readonly end?: () => 'goes on' | 'stops' | 'is killed';
  /** The most records of a commit. */
  readonly limit?: number;
}
const oneByOne: Cuts = { batch: () => 1 };

/** Runs a query over records, without a node. An absent record leaves its offset to the next one. */
export async function runAlone(
  { query, schemas }: Judged,
  fed: readonly (Fed | undefined)[],
  cuts: Cuts,
): Promise<Ran> {
  const { log } = new HarnessNode();
  const output = query.plan.sink?.topic;
  const topics = topicsOf(query);
  for (const name of [...topics.values(), output ?? '']) log.create(name, 1);
  const backend = new MemoryBackend();
  const lines: ProcessingError[] = [];
  let failure: string | undefined;
  const { limit } = cuts;
  const attempt = limit === undefined ? undefined : { number: 1, limit, span: 1e9, skips: [] };
  const begin = async (): Promise<{ task: Task; errors: Lines }> => {
    const errors = new Lines(query.id, lines);
    const task = memoryTask(
      query.plan,
      log.open(query.id),
      { queryId: query.id, partitions: 1, settings: { ...noConflation, earliest: true }, processingLog: '', attempt },
      { schemas, errors, backend },
    );
    await task.start();
    return { task, errors };
  };
  try {
    let { task, errors } = await begin();
    for (let at = 0; at < fed.length;) {
      const next = at + cuts.batch();
      for (const record of fed.slice(at, next)) {
        const topic = record && topics.get(record.source);
        if (topic === undefined) continue;
        const writer = new BatchWriter(1 << 8);
        writer.add(record!.time, record!.key, record!.value);
        log.partitions(topic)[0]!.append(writer.finish());
      }
      at = next;
      const end = cuts.end?.() ?? 'goes on';
      while (await task.step()) if (limit !== undefined) await task.commit();
      if (end === 'is killed') {
        await task.close();
        ({ task, errors } = await begin());
        while (await task.step());
      }
      await task.commit();
      if (end === 'stops') {
        await task.close();
        ({ task, errors } = await begin());
      }
    }
    // A reader of the table is told of no errors a second time.
    Array.from(task.current(undefined) ?? []);
    lines.push(...errors.take());
  } catch (error) {
    failure = stackOf(error);
  }
  return { rows: output === undefined ? [] : log.records(output), lines, failure };
}

/** The topics that a query reads, by the names of their sources. */
const topicsOf = (query: QueryObject): ReadonlyMap<string, string> =>
  new Map(sourcesOf(query.plan).map(({ source }) => [source.name, source.topic]));

/** A record as text to compare. The sign of a NaN is the processor's, and is no part of the value. */
function rowText({ key, value, timestamp }: Written): string {
  const text = (bytes: Buffer | null): string =>
    bytes?.toString('latin1').replaceAll('\u00f8\u00ff', '\u00f8\u007f').replaceAll('\u00ff\u00f8', '\u007f\u00f8') ??
    'null';
  return `${text(key)}@${timestamp} ${text(value)}`;
}

/** Keeps the errors that a commit has written. */
class Lines extends ErrorCollector {
  readonly #written: ProcessingError[];

  constructor(query: string, written: ProcessingError[]) {
    super(query);
    this.#written = written;
  }
  override take(): readonly ProcessingError[] {
    const taken = super.take();
    this.#written.push(...taken);
    return taken;
  }
}

const lineText = ({ type, topic, partition, offset, message }: ProcessingError): string =>
  `${type} ${topic}/${partition}/${offset} ${message.slice(0, 300)}`;

/** What is wrong with lines of the processing log, whatever wrote them. */
export function judgeLines(lines: readonly ProcessingError[], findings: Set<string>): void {
  const seen = new Set<string>();
  for (const line of lines) {
    const text = lineText(line);
    if (inner.test(line.message)) findings.add(`a log line of the inside: ${text}`);
    if (line.topic === '' || line.offset < 0) findings.add(`a log line of no record: ${text}`);
    if (seen.has(text)) findings.add(`a second log line: ${text}`);
    seen.add(text);
  }
}

/** What the records did that none may do, where the query runs without a node. */
export async function judged(
  judging: Judged,
  fed: readonly Fed[],
  random: Random,
): Promise<{ lines: number; findings: string[] }> {
  const whole = await runAlone(judging, fed, oneByOne);
  const { lines } = whole;
  if (whole.failure !== undefined) return { lines: lines.length, findings: [`the query stops: ${whole.failure}`] };
  const findings = new Set<string>();
  judgeLines(lines, findings);
  const batch = (): number => 1 + random.below(12);
  const isOne = sourcesOf(judging.query.plan).length === 1;
  // Of several inputs the order is that of time, which hangs on what is there.
  if (isOne) compare('in batches', whole, await runAlone(judging, fed, { batch }), findings);
  else {
    const all = { batch: () => fed.length };
    const limit = 1 + random.below(12);
    compare(
      'in small commits',
      await runAlone(judging, fed, all),
      await runAlone(judging, fed, { ...all, limit }),
      findings,
    );
  }
  const end = (): ReturnType<Exclude<Cuts['end'], undefined>> =>
    random.pick(['goes on', 'goes on', 'stops', 'is killed'] as const);
  const restarted = await runAlone(judging, fed, { batch: isOne ? batch : oneByOne.batch, end });
  compare('with restarts', whole, restarted, findings);
  // Without the records that the source refuses, each of which is to have changed nothing.
  const refused = new Set(
    lines.filter(({ type }) => type === 'DESERIALIZATION').map(({ topic, offset }) => `${topic}/${offset}`),
  );
  if (refused.size > 0) {
    const topics = topicsOf(judging.query);
    const at = new Map<string, number>();
    const kept = fed.map((record) => {
      const offset = at.get(record.source) ?? 0;
      at.set(record.source, offset + 1);
      return refused.has(`${topics.get(record.source)}/${offset}`) ? undefined : record;
    });
    compareRows('without the bad records', whole, await runAlone(judging, kept, oneByOne), findings);
  }
  return { lines: lines.length, findings: [...findings] };
}

/** The longest row that a topic of a broker takes for certain, and how far its time may be from today. */
const longestRow = 900_000;
const aheadMs = 3_600_000;

/**
 * Compares a run with one on brokers, which need not take what is too large or of a time to come: there is a line for each row
 * that they did not. A row behind a repartition fails at its record there: only how many lines there are is compared.
 */
export function compareOnBrokers({ plan }: QueryObject, one: Ran, other: Ran, findings: Set<string>): void {
  const isOnePart = subTopologies(plan).length === 1;
  const isOneInput = sourcesOf(plan).length === 1;
  const latest = Date.now() + aheadMs;
  const isTaken = ({ key, value, timestamp }: Written): boolean =>
    timestamp <= latest && (key?.length ?? 0) + (value?.length ?? 0) < longestRow;
  const taken = ({ rows }: Ran): Written[] => rows.filter(isTaken);
  const refused = one.rows.length - taken(one).length - (other.rows.length - taken(other).length);
  const lines = other.lines.filter(({ type }) => type !== 'PRODUCTION');
  const told = other.lines.length - lines.length;
  // Rows of one record may be refused in the same words, of which there is one line.
  if ((isOnePart && told > refused) || (refused > 0 && told === 0))
    findings.add(`${refused} rows are not there, of which ${told} lines tell`);
  // What a repartition topic does not take never came to the state, by whose later rows it would be seen.
  if (!isOnePart && told > 0) return;
  const sides = [
    { ...one, rows: taken(one) },
    { ...other, rows: taken(other), lines },
  ] as const;
  if (isOnePart) compare('on brokers', sides[0], sides[1], findings);
  else if (isOneInput) compareRows('on brokers', sides[0], sides[1], findings);
  else compareLists('another table on brokers', newest(sides[0]), newest(sides[1]), findings);
}

/** The newest value of each key: a join by another key answers when the other part has, and may say more in between. */
function newest({ rows }: Ran): string[] {
  const values = new Map<string, string>();
  for (const { key, value } of rows) {
    const [name, text] = [key, value].map((bytes) => rowText({ key: bytes, value: null, timestamp: 0 }));
    if (value === null) values.delete(name!);
    else values.set(name!, text!);
  }
  return [...values].map((pair) => pair.join(' ')).sort();
}

/** The rows of two runs must be equal, and so must their log lines. */
export function compare(how: string, one: Ran, other: Ran, findings: Set<string>): void {
  compareRows(how, one, other, findings);
  if (other.failure !== undefined) return;
  compareLists(`other log lines ${how}`, one.lines.map(lineText).sort(), other.lines.map(lineText).sort(), findings);
}

function compareRows(how: string, one: Ran, other: Ran, findings: Set<string>): void {
  if (other.failure !== undefined) findings.add(`the query stops ${how}: ${other.failure}`);
  else compareLists(`another result ${how}`, one.rows.map(rowText), other.rows.map(rowText), findings);
}

function compareLists(what: string, one: readonly string[], other: readonly string[], findings: Set<string>): void {
  const at = one.findIndex((row, i) => row !== other[i]);
  if (at < 0 && one.length === other.length) return;
  const show = (list: readonly string[]): string => (list[at < 0 ? one.length : at] ?? 'nothing').slice(0, 300);
  findings.add(`${what}, at ${at} of ${one.length} and ${other.length}:\n${show(one)}\n${show(other)}`);
}
