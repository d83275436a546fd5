import { randomBytes } from 'node:crypto';
import type { SourceObject } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { PlanColumn } from '../plan/logical/node.ts';
import type { PhysicalPlan } from '../plan/physical/step.ts';
import { sourcesOf } from '../plan/physical/topology.ts';
import type { RecordView } from '../records/batch.ts';
import { ignoreFailures } from '../runtime/sinks/dead-letters.ts';
import { hasNull, type Change } from '../runtime/change.ts';
import type { TopicReader, TopicRecord } from '../runtime/ports/node.ts';
import type { StateBackend } from '../runtime/ports/state-backend.ts';
import { UnknownSchema } from '../formats/define.ts';
import type { SchemaCache } from '../runtime/schema-cache.ts';
import { SourceDecoder } from '../runtime/source-decoder.ts';
import { LocalTopology, type SourceChange } from '../runtime/topology.ts';
import { noConflation, runSettings } from '../runtime/run-settings.ts';
import type { Select } from '../syntax/statements/select.ts';
import { isWindowBound } from '../types/schema.ts';
import type { Value } from '../types/sql-type.ts';
import type { Engine } from './engine.ts';
import { ordered, orderedQuery } from './order-by.ts';
import type { ClientRow, QueryStream } from './client-rows.ts';
import { planTransient } from './plan-query.ts';
import { pullRows, refusePull } from './pull.ts';
import { pulledQueries } from './pull-plan.ts';
import type { Session } from './session.ts';

/** The push queries that run, by id: REST closes them by it. */
export class PushQueries {
  readonly #running = new Map<string, QueryStream>();

  get size(): number {
    return this.#running.size;
  }
  add(query: QueryStream): void {
    this.#running.set(query.id, query);
  }
  remove(id: string): void {
    this.#running.delete(id);
  }
  /** False when no such query runs. */
  close(id: string): boolean {
    const found = this.#running.get(id);
    found?.close();
    return this.#running.delete(id);
  }
  closeAll(): void {
    for (const id of [...this.#running.keys()]) this.close(id);
  }
}

/** Opens a SELECT: push with EMIT, pull without. */
export async function openQuery(
  statement: Select,
  engine: Engine,
  session: Session,
  pushQueries: PushQueries,
  newBackend: () => StateBackend,
): Promise<QueryStream> {
  const { query } = statement;
  if (query.orderBy.length > 0 && query.emit === undefined) {
    if (query.limit !== undefined) checkEnabled('ksql.query.pull.limit.clause.enabled', query, session);
    const order = orderedQuery(query);
    const unordered = { ...statement, query: order.unordered };
    const inner = await openQuery(unordered, engine, session, pushQueries, newBackend);
    try {
      return ordered(inner, order);
    } catch (error) {
      inner.close();
      throw error;
    }
  }
  await engine.catchUp();
  const source = engine.catalog.sources.get(pulledQueries(query).at(-1)!.from.name.text);
  if (query.emit === undefined) checkPullEnabled(query, source, session);
  if (
    query.emit === undefined &&
    source !== undefined &&
    (source.spec.kind === 'TABLE' || source.featureView !== undefined)
  )
    return pullStream(await pullRows(query, engine, session), query.limit);
  const isPull = query.emit === undefined;
  if (isPull) refusePull(query);
  const { plan } = planTransient(query, engine.catalog, isPull ? 'pull' : 'push', session);
  if (isPull && plan.shape === 'TABLE') throw new SqlError('PULL_UNSUPPORTED', statement.span, { what: 'GROUP BY' });
  const limit = session.read('ksql.max.push.queries');
  if (!isPull && pushQueries.size >= limit) throw new SqlError('TOO_MANY_PUSH_QUERIES', statement.span, { limit });
  const stream = await TransientQuery.open(plan, engine, session, {
    isPull,
    limit: query.limit,
    name: query.from.name.text,
    isScalable: !isPull && isScalable(query, source, session),
    backend: newBackend(),
    idleTimeoutMs: runSettings(session.overrides()).idleTimeoutMs,
    onEnd: (id) => pushQueries.remove(id),
  });
  if (!isPull) pushQueries.add(stream);
  return stream;
}

function pullStream({ columns, rows }: Awaited<ReturnType<typeof pullRows>>, limit: number | undefined): QueryStream {
  const kept = limit === undefined ? rows : rows.slice(0, limit);
  return {
    id: `query_${Date.now()}_${randomBytes(4).toString('hex')}`,
    kind: 'pull',
    columns: columns.map((each) => (isWindowBound(each.name) ? { ...each, role: 'key' as const } : each)),
    finalMessage: undefined,
    async *rows() {
      await Promise.resolve();
      yield kept.map((values) => ({ values, tombstone: false }));
    },
    close: () => undefined,
  };
}

/** What a server or session has switched off is refused with the setting's name. */
function checkPullEnabled(query: Select['query'], source: SourceObject | undefined, session: Session): void {
  const needed = [
    'ksql.pull.queries.enable',
    ...(query.limit === undefined ? [] : (['ksql.query.pull.limit.clause.enabled'] as const)),
    ...(source?.spec.kind === 'STREAM' && source.featureView === undefined
      ? (['ksql.query.pull.stream.enabled'] as const)
      : []),
  ] as const;
  for (const setting of needed) checkEnabled(setting, query, session);
}

type PullSwitch =
  'ksql.pull.queries.enable' | 'ksql.query.pull.limit.clause.enabled' | 'ksql.query.pull.stream.enabled';

function checkEnabled(setting: PullSwitch, query: Select['query'], session: Session): void {
  if (!session.read(setting)) throw new SqlError('PULL_DISABLED', query.span, { setting });
}

/** One source that a query fills, read as it is from its end on. */
function isScalable(query: Select['query'], source: SourceObject | undefined, session: Session): boolean {
  const simple =
    query.joins.length === 0 &&
    query.window === undefined &&
    query.groupBy === undefined &&
    query.partitionBy === undefined &&
    query.having === undefined;
  return (
    simple &&
    source?.createdBy !== undefined &&
    session.read('ksql.query.push.v2.enabled') &&
    !session.read('auto.offset.reset')
  );
}

interface Options {
  readonly isPull: boolean;
  readonly limit: number | undefined;
  readonly name: string;
  /** ksqlDB's scalable push query: reads what a persistent query writes from now on. */
  readonly isScalable: boolean;
  readonly backend: StateBackend;
  readonly idleTimeoutMs: number | undefined;
  readonly onEnd: (id: string) => void;
}
interface Input {
  readonly stepId: string;
  readonly decoder: SourceDecoder;
  readonly reader: TopicReader;
}

const batchRecords = 1000;
const pollMs = 100;

/** A query over topics that lives as long as its client: its state is in memory. */
class TransientQuery implements QueryStream {
  readonly id: string;
  readonly kind: 'push' | 'pull';
  readonly columns: readonly PlanColumn[];
  finalMessage: string | undefined;
  readonly #topology: LocalTopology;
  readonly #inputs: readonly Input[];
  readonly #options: Options;
  readonly #keySlots: readonly number[];
  readonly #isTable: boolean;
  #closed = false;

  readonly #schemas: SchemaCache;

  private constructor(
    plan: PhysicalPlan,
    topology: LocalTopology,
    inputs: readonly Input[],
    schemas: SchemaCache,
    options: Options,
  ) {
    this.#schemas = schemas;
    const kind = options.isScalable ? 'SCALABLE_PUSH_QUERY' : 'transient';
    this.id = `${kind}_${options.name}_${randomBytes(8).readBigUInt64BE().toString()}`;
    this.kind = options.isPull ? 'pull' : 'push';
    this.columns = plan.root.columns.map((each) => ({ ...each, role: 'value' as const }));
    this.#isTable = plan.shape === 'TABLE';
    this.#topology = topology;
    this.#inputs = inputs;
    this.#options = options;
    this.#keySlots = plan.root.columns.flatMap(({ role }, slot) => (role === 'key' ? [slot] : []));
  }

  static async open(plan: PhysicalPlan, engine: Engine, session: Session, options: Options): Promise<TransientQuery> {
    const topology = new LocalTopology(plan, {
      backend: options.backend,
      statePrefix: 'transient',
      partitions: 1,
      settings: noConflation,
      models: engine.models,
      failures: ignoreFailures,
    });
    const inputs: Input[] = [];
    for (const step of sourcesOf(plan)) {
      const earliest =
        options.isPull || (step.source.kind === 'TABLE' && !options.isScalable) || session.read('auto.offset.reset');
      inputs.push({
        stepId: step.id,
        decoder: new SourceDecoder(step, engine.schemas, () => undefined),
        reader: await engine.node.openReader(step.source.topic, earliest ? 'beginning' : 'end'),
      });
    }
    return new TransientQuery(plan, topology, inputs, engine.schemas, options);
  }

  async *rows(): AsyncIterable<readonly ClientRow[]> {
    let left = this.#options.limit ?? Infinity;
    try {
      if (left === 0) this.finalMessage = 'Limit Reached';
      while (!this.#closed && left > 0) {
        const caughtUp = this.#options.isPull && this.#inputs.every(({ reader }) => reader.caughtUp);
        if (caughtUp) {
          this.finalMessage = 'Query Completed';
          return;
        }
        const batch = await this.#poll();
        const changes = await (batch.length > 0 ? this.#topology.process(batch) : this.#closeIdle());
        // A client that is gone is noticed when something is sent: nothing is a chance to look.
        if (batch.length === 0 && changes.length === 0) yield [];
        if (changes.length === 0) continue;
        // A stream's record without a value is no row; a table's is a tombstone.
        const given = this.#isTable ? changes : changes.filter(({ after }) => after !== undefined);
        // ksqlDB's scalable push queries leave out rows without a key.
        const sent = this.#options.isScalable ? given.filter(({ key }) => !hasNull(key)) : given;
        const rows = sent.slice(0, left === Infinity ? undefined : left).map((change) => this.#clientRow(change));
        left -= rows.length;
        if (left <= 0) this.finalMessage = 'Limit Reached';
        yield rows;
      }
    } finally {
      this.close();
      this.#options.onEnd(this.id);
    }
  }

  #closeIdle(): readonly Change[] | Promise<readonly Change[]> {
    const { idleTimeoutMs } = this.#options;
    return idleTimeoutMs === undefined ? [] : this.#topology.closeIdle(performance.now() - idleTimeoutMs);
  }

  async #poll(): Promise<SourceChange[]> {
    const single = this.#inputs.length === 1;
    const polled = await Promise.all(
      this.#inputs.map(async ({ reader }) => reader.poll(batchRecords, single ? pollMs : 0)),
    );
    const found = polled.flatMap((records, i) => records.map((record) => ({ record, input: this.#inputs[i]! })));
    if (found.length === 0 && !single) await new Promise((resolve) => setTimeout(resolve, 20));
    if (!single) found.sort((a, b) => a.record.timestamp - b.record.timestamp);
    const batch: SourceChange[] = [];
    for (const { record, input } of found) {
      const change = await this.#decode(input, record, batch.length);
      if (change !== undefined) batch.push({ stepId: input.stepId, partition: 0, change });
    }
    return batch;
  }

  /** A schema that is not there yet is fetched; a registry that does not answer ends the query with its words. */
  async #decode({ decoder }: Input, record: TopicRecord, sequence: number): Promise<Change | undefined> {
    const view = viewOf(record);
    try {
      return decoder.decode(view, record.partition, sequence);
    } catch (error) {
      if (!(error instanceof UnknownSchema)) throw error;
      await this.#schemas.load(error.id);
      return decoder.decode(view, record.partition, sequence);
    }
  }

  #clientRow({ key, after, window }: Change): ClientRow {
    if (after !== undefined) return { values: after, tombstone: false };
    const values = this.columns.map(({ name }): Value => {
      if (name === 'WINDOWSTART') return window?.start ?? null;
      return name === 'WINDOWEND' ? (window?.end ?? null) : null;
    });
    this.#keySlots.forEach((slot, i) => (values[slot] = key[i] ?? null));
    return { values, tombstone: true };
  }

  close(): void {
    this.#closed = true;
    for (const { reader } of this.#inputs) reader.close();
  }
}

/** A record that was read, as decoders take it. */
export function viewOf({ key, value, offset, timestamp, headers }: TopicRecord): RecordView {
  const keyLength = key?.length ?? 0;
  return {
    bytes: Buffer.concat([key ?? Buffer.alloc(0), value ?? Buffer.alloc(0)]),
    offset,
    timestamp,
    keyStart: key === null ? -1 : 0,
    keyEnd: key === null ? -1 : keyLength,
    valueStart: value === null ? -1 : keyLength,
    valueEnd: value === null ? -1 : keyLength + value.length,
    hasHeaders: headers.length > 0,
    headers: () => [...headers],
  };
}
