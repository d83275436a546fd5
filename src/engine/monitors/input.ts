import type { ColumnIds } from '../../bind/context.ts';
import { boundSource } from '../../bind/from.ts';
import { bindQuery } from '../../bind/query.ts';
import type { BoundQuery } from '../../bound/query.ts';
import { reference, type RowColumn } from '../../bound/rows.ts';
import type { Catalog, SourceObject } from '../../catalog/catalog.ts';
import type { BoundColumn } from '../../expressions/node.ts';
import * as build from '../../plan/logical/build.ts';
import { logicalPlan } from '../../plan/logical/from-bound.ts';
import type { LogicalNode } from '../../plan/logical/node.ts';
import { parseScript } from '../../syntax/parse.ts';
import { printName } from '../../syntax/print.ts';
import type { QueryNode } from '../../syntax/query.ts';
import { typeText, type SqlType } from '../../types/sql-type.ts';
import { InternalError } from '../../util/internal-error.ts';

/** Where the labels of a monitor's rows come from. */
export interface LabelSource {
  readonly stream: SourceObject;
  readonly key: string;
  readonly label: string;
  readonly score: string;
  readonly withinMs: number;
}

/** The rows that a monitor reads. */
export interface MonitorInput {
  readonly query: QueryNode;
  readonly bound: BoundQuery;
  readonly node: LogicalNode;
  readonly column: (name: string) => BoundColumn;
  readonly time: BoundColumn;
  readonly label: BoundColumn | undefined;
  readonly score: BoundColumn | undefined;
}

const names = { time: 'MONITOR_TIME', label: 'MONITOR_LABEL', score: 'MONITOR_SCORE' } as const;

/** The rows of a target as a stream; a table's are its changes. */
export function plainInput(target: SourceObject, catalog: Catalog, ids: ColumnIds): MonitorInput {
  const { spec, featureView } = target;
  const source = boundSource({ ...spec, kind: 'STREAM' }, spec.name, undefined, ids);
  const query = queryOf(`SELECT * FROM ${printName(spec.name)} EMIT CHANGES;`);
  const bound = bindQuery(query, catalog, { purpose: 'persistent', suppressEnabled: true, aggregates: 'standard' });
  const column = columnsOf(source.rows.columns);
  const time = column(featureView?.timestamp ?? 'ROWTIME');
  return { query, bound, node: build.source(source), column, time, label: undefined, score: undefined };
}

/** The rows of a target, and besides one for each label that a row meets. */
export function labelledInput(
  { spec, featureView }: SourceObject,
  columns: readonly string[],
  labels: LabelSource,
  catalog: Catalog,
  ids: ColumnIds,
): MonitorInput {
  const [s, l] = ['MONITOR_ROW', 'MONITOR_LABELS'];
  const typeOf = ({ spec: { schema } }: { spec: SourceObject['spec'] }, name: string): SqlType =>
    schema.find((column) => column.name === name)!.type;
  const read = columns.map((name) => `${s}.${printName(name)} AS ${printName(name)}`);
  const time = `${s}.${printName(featureView?.timestamp ?? 'ROWTIME')} AS ${names.time}`;
  const nothing = (type: SqlType, name: string): string => `CAST(NULL AS ${typeText(type)}) AS ${name}`;
  const from = `FROM ${printName(spec.name)} ${s}`;
  const within = `${labels.withinMs} MILLISECONDS`;
  const query = queryOf(
    [
      `SELECT ${[...read, time, nothing(typeOf(labels.stream, labels.label), names.label), nothing(typeOf({ spec }, labels.score), names.score)].join(', ')} ${from}`,
      `UNION ALL SELECT ${[...read, time, `${l}.${printName(labels.label)} AS ${names.label}`, `${s}.${printName(labels.score)} AS ${names.score}`].join(', ')} ${from}`,
      `JOIN ${printName(labels.stream.spec.name)} ${l} WITHIN ${within} GRACE PERIOD ${within} ON ${s}.${printName(labels.key)} = ${l}.${printName(labels.key)}`,
      'EMIT CHANGES;',
    ].join(' '),
  );
  const bound = bindQuery(query, catalog, { purpose: 'push', suppressEnabled: true, aggregates: 'standard' }, ids);
  const node = logicalPlan(bound);
  const column = columnsOf(node.columns);
  return {
    query,
    bound,
    node,
    column,
    time: column(names.time),
    label: column(names.label),
    score: column(names.score),
  };
}

function queryOf(text: string): QueryNode {
  const [statement] = parseScript({ name: 'monitor', text });
  if (statement?.kind !== 'select') throw new InternalError(`no query in ${text}`);
  return statement.query;
}

const columnsOf =
  (columns: readonly RowColumn[]) =>
  (name: string): BoundColumn => {
    const column = columns.find((each) => each.name === name);
    if (column === undefined) throw new InternalError(`a monitor's rows have no ${name}`);
    return reference(column);
  };
