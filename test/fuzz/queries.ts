import { SqlError } from '../../src/diagnostics/sql-error.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { planQuery } from '../../src/engine/plan-query.ts';
import { Session } from '../../src/engine/session.ts';
import { executeScript } from '../../src/statements/index.ts';
import { parse, splitScript } from '../../src/syntax/parse.ts';
import { loadSchemas, openHarness } from '../conformance/run-case.ts';
import { randomRecords, randomSources } from './feed.ts';
import { judged, stackOf } from './judge.ts';
import type { Random } from './random.ts';
import { randomAggregate, randomCondition, randomScalar, randomStatement } from './random-statements.ts';
import type { Parts } from './random-operators.ts';

/** What became of the queries; `findings` say what no record may do. */
export interface QueriesRun {
  readonly counts: ReadonlyMap<string, number>;
  readonly records: number;
  readonly lines: number;
  readonly findings: readonly string[];
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
      const query = [...setting.engine.catalog.queries.values()].at(-1)!;
      const run = await judged({ query, schemas: setting.engine.schemas }, fed, random);
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

interface Setting {
  readonly engine: Engine;
  readonly declared: string;
}

async function openSources(random: Random, only?: string): Promise<Setting> {
  const { engine } = openHarness('fuzz_');
  const declared = randomSources(random, only);
  await executeScript({ name: 'fuzz', text: declared }, engine, new Session(engine.defaults));
  await loadSchemas(engine);
  return { engine, declared };
}

/** Expressions that the binder takes. */
export async function validParts(random: Random): Promise<Parts> {
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
