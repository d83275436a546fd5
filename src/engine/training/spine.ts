import { fileAt } from '../../files/open-folder.ts';
import { openParquet } from '../../files/parquet-reader.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import type { Row } from '../../types/sql-type.ts';
import { bindQuery } from '../../bind/query.ts';
import { requireSource } from '../../bind/context.ts';
import type { SpineColumn } from '../../bind/training-set.ts';
import { runSettings } from '../../runtime/run-settings.ts';
import { selectFrom, type QueryNode, type SelectItem, type SourceNode } from '../../syntax/query.ts';
import type { Engine } from '../engine.ts';
import { noState } from '../no-state.ts';
import { planTransient, wholePlan } from '../plan-query.ts';
import { pullRows } from '../pull.ts';
import type { Session } from '../session.ts';
import { TransientQuery } from '../transient-query.ts';

/** The rows that a training set begins with: its columns, and the rows in batches. */
export interface Spine {
  readonly columns: readonly SpineColumn[];
  rows(): AsyncIterable<readonly Row[]>;
}

/** Opens what FROM names: a file, a stream or table, or a subquery that a pull query could be. */
export async function openSpine(from: SourceNode, engine: Engine, session: Session): Promise<Spine> {
  if (from.file !== undefined) return fileSpine(from, from.file);
  if (from.query !== undefined) return querySpine(from.query, engine, session);
  const { spec, featureView } = requireSource(engine.catalog, from.name);
  if (spec.kind === 'TABLE' && featureView === undefined) return querySpine(everything(from), engine, session);
  const plan = wholePlan({ ...spec, kind: 'STREAM' });
  return {
    columns: plan.root.columns.map(({ name, type }) => ({ name, type })),
    rows: () => topicRows(plan, spec.name, engine, session),
  };
}

async function fileSpine({ span }: SourceNode, path: string): Promise<Spine> {
  try {
    const file = await openParquet(fileAt(path));
    const names = file.columns.map(({ name }) => name);
    return {
      // SQL's names are in upper case unless they are quoted.
      columns: file.columns.map(({ name, type }) => ({ name: name.toUpperCase(), type })),
      rows: () => file.rows(names),
    };
  } catch (error) {
    throw new SqlError('TRAINING_SET_INVALID', span, {
      why: `${path} cannot be read as Parquet: ${(error as Error).message}`,
    });
  }
}

function querySpine(query: QueryNode, engine: Engine, session: Session): Spine {
  const source = engine.catalog.sources.get(query.from.name.text);
  if (source !== undefined && source.spec.kind === 'TABLE') {
    const bound = bindQuery(query, engine.catalog, { purpose: 'pull', suppressEnabled: true, aggregates: 'ksqldb' });
    return {
      columns: bound.rows.columns.map(({ name, type }) => ({ name, type })),
      async *rows() {
        yield* (await pullRows(query, engine, session)).rows;
      },
    };
  }
  const { plan } = planTransient(query, engine.catalog, 'pull', session);
  return {
    columns: plan.root.columns.map(({ name, type }) => ({ name, type })),
    rows: () => topicRows(plan, query.from.name.text, engine, session),
  };
}

/** SELECT *, ROWTIME of a table. */
function everything(from: SourceNode): QueryNode {
  const { span } = from;
  const select: SelectItem[] = [
    { kind: 'all', source: undefined, span },
    {
      kind: 'expression',
      expression: { kind: 'column', qualifier: undefined, name: { text: 'ROWTIME', span }, span },
      alias: undefined,
      span,
    },
  ];
  return selectFrom(select, { ...from, alias: undefined }, span);
}

/** What a plan over topics gives from their beginning to their end of now. */
export async function* topicRows(
  plan: ReturnType<typeof wholePlan>,
  name: string,
  engine: Engine,
  session: Session,
): AsyncIterable<readonly Row[]> {
  const query = await TransientQuery.open(plan, engine, session, {
    isPull: true,
    limit: undefined,
    name,
    isScalable: false,
    backend: noState,
    settings: runSettings({}),
    onEnd: () => undefined,
  });
  for await (const rows of query.rows()) yield rows.filter(({ tombstone }) => !tombstone).map(({ values }) => values);
}
