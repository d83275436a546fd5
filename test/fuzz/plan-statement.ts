import { declareSource } from '../../src/analysis/create-source.ts';
import { requireSource } from '../../src/bind/context.ts';
import { insertedRecord } from '../../src/engine/insert-values.ts';
import { noState } from '../../src/engine/no-state.ts';
import {
  persistentOptions,
  physicalPlan,
  planCreateAs,
  planInsertSelect,
  planQuery,
  sinkOf,
} from '../../src/engine/plan-query.ts';
import { Session } from '../../src/engine/session.ts';
import type { LogicalNode } from '../../src/plan/logical/node.ts';
import type { SinkSpec } from '../../src/plan/physical/step.ts';
import { noConflation } from '../../src/runtime/run-settings.ts';
import { ignoreFailures } from '../../src/runtime/failures.ts';
import { LocalTopology } from '../../src/runtime/topology.ts';
import { parse, splitScript } from '../../src/syntax/parse.ts';
import type { Origin } from './corpus.ts';

const session = new Session();

/**
 * Parses each statement, and plans and builds what has a plan, as its handlers do but for the topics and the log. Gives how far it
 * came; throws what they throw.
 */
export function planStatement(text: string, { catalog }: Pick<Origin, 'catalog'>, onParsed: () => void): boolean {
  const options = persistentOptions(session, 'ksqldb');
  const build = (logical: LogicalNode, sink: SinkSpec | undefined): void => {
    const plan = physicalPlan(logical, sink);
    new LocalTopology(plan, {
      backend: noState,
      statePrefix: 'fuzz',
      partitions: 1,
      settings: noConflation,
      models: undefined,
      failures: ignoreFailures,
    });
  };
  const statements = splitScript({ name: 'fuzz', text: /;\s*$/.test(text) ? text : `${text};` }).map(parse);
  onParsed();
  let planned = false;
  for (const statement of statements) {
    if (statement.kind === 'select') {
      const purpose = statement.query.emit === undefined ? 'pull' : 'push';
      build(
        planQuery(statement.query, catalog, { purpose, suppressEnabled: true, aggregates: 'ksqldb' }).plan,
        undefined,
      );
    } else if (statement.kind === 'createSource' && statement.query !== undefined) {
      const { name, properties, span, sourceKind } = statement;
      const result = planCreateAs(
        { kind: sourceKind, name: name.text, properties, span },
        statement.query,
        catalog,
        options,
      );
      build(result.plan, sinkOf(result));
    } else if (statement.kind === 'createSource') {
      declareSource(statement, catalog, options.defaults, []);
    } else if (statement.kind === 'insert') {
      const { spec } = requireSource(catalog, statement.target);
      if (statement.query === undefined)
        for (const row of statement.rows) insertedRecord(spec, statement.columns, row, catalog.types, statement.span);
      else {
        const result = planInsertSelect(spec, statement.query, catalog, options);
        build(result.plan, sinkOf(result));
      }
    } else continue;
    planned = true;
  }
  return planned;
}
