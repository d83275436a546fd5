import { requireSource } from '../bind/context.ts';
import { countOf, summaryCounts, summaryFacts, type SummaryFact } from '../functions/summary.ts';
import type { StateBackend } from '../runtime/ports/state-backend.ts';
import { parse, splitScript } from '../syntax/parse.ts';
import { printName } from '../syntax/print.ts';
import type { Select } from '../syntax/statements/select.ts';
import type { Summarize } from '../syntax/statements/summarize.ts';
import type { Column } from '../types/schema.ts';
import { typeText, type Value } from '../types/sql-type.ts';
import type { QueryStream } from './client-rows.ts';
import type { Engine } from './engine.ts';
import { openQuery } from './query-stream.ts';
import type { Session } from './session.ts';

/** SUMMARIZE: one pull query with the aggregates of all columns, whose one row is turned into a row for each column. */
export async function openSummary(
  statement: Summarize,
  engine: Engine,
  session: Session,
  newBackend: () => StateBackend,
): Promise<QueryStream> {
  const { spec } = requireSource(engine.catalog, statement.name);
  const inner = await openQuery(queryOf(statement, spec.schema), engine, session, newBackend);
  return {
    id: inner.id,
    kind: inner.kind,
    fromStandby: inner.fromStandby ?? false,
    columns: [
      { name: 'COLUMN_NAME', type: { kind: 'STRING' }, role: 'value' },
      { name: 'COLUMN_TYPE', type: { kind: 'STRING' }, role: 'value' },
      ...[...summaryFacts, ...summaryCounts].map(({ name, type }) => ({
        name,
        type: { kind: type },
        role: 'value' as const,
      })),
    ],
    get finalMessage() {
      return inner.finalMessage;
    },
    async *rows() {
      for await (const batch of inner.rows())
        for (const { values } of batch)
          yield turned(values, spec.schema).map((row) => ({ values: row, tombstone: false }));
    },
    close: (why) => inner.close(why),
  };
}

const factsOf = ({ type }: Column): readonly SummaryFact[] => summaryFacts.filter(({ has }) => has.includes(type.kind));

/** Errors of the query are shown at the statement's own place. */
function queryOf({ name, span }: Summarize, columns: readonly Column[]): Select {
  const items = columns.flatMap((column) => {
    const written = printName(column.name);
    return [countOf(written), ...factsOf(column).map(({ of }) => of(written))];
  });
  const text = `SELECT ${countOf()}, ${items.join(', ')} FROM ${printName(name.text)};`;
  const select = parse(splitScript({ name: 'summary', text })[0]!) as Select;
  return { ...select, span, query: { ...select.query, span, from: { ...select.query.from, name, span: name.span } } };
}

/** A row for each column, of the one row: the number of rows, then for each column how many values it has and its facts. */
function turned(values: readonly Value[], columns: readonly Column[]): Value[][] {
  const rows = Number(values[0]);
  let at = 1;
  return columns.map((column) => {
    const filled = Number(values[at++]);
    const own = new Map(factsOf(column).map((fact) => [fact, values[at++] ?? null]));
    return [
      column.name,
      typeText(column.type),
      ...summaryFacts.map((fact) => (isKnown(fact, filled) ? (own.get(fact) ?? null) : null)),
      values[0] ?? null,
      rows === 0 ? null : ((rows - filled) * 100) / rows,
    ];
  });
}

/** Nothing has a mean, and one value has no deviation: ksqlDB's aggregates say 0. */
const isKnown = ({ name }: SummaryFact, filled: number): boolean =>
  name === 'APPROX_UNIQUE' || filled > (name === 'STD' ? 1 : 0);
