import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SqlError } from '../../src/diagnostics/sql-error.ts';
import { formatNames } from '../../src/formats/index.ts';
import { loadCorpus } from './corpus.ts';
import { mutateSql, Words } from './mutate-sql.ts';
import { planStatement } from './plan-statement.ts';
import { histogram, Random } from './random.ts';
import { fuzzNodes } from './nodes.ts';
import { fuzzQueries } from './queries.ts';
import { fuzzRecords } from './records.ts';
import { runsOf, seedOf } from '../support/scale.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    statements: { type: 'string', default: '100000' },
    records: { type: 'string', default: '100000' },
    cases: { type: 'string' },
    'records-through-queries': { type: 'boolean', default: false },
    queries: { type: 'string', default: '1000' },
    restarts: { type: 'boolean', default: false },
    brokers: { type: 'string' },
    rounds: { type: 'string', default: '2' },
  },
});
const seed = values.seed === undefined ? seedOf(Date.now() % 1_000_000) : Number(values.seed);
const slowMs = 2000;
const findings: string[] = [];
console.log(`seed ${seed}; run again with --seed ${seed}`);

/** What became of a changed statement; errors that are no user's, and what takes too long, are findings. */
async function fuzzStatements(count: number): Promise<void> {
  const corpus = await loadCorpus(values.cases ?? join(process.cwd(), '../shared/qtt'));
  const words = new Words(corpus.map(({ text }) => text));
  const random = new Random(seed);
  const counts = new Map<string, number>();
  let parsed = 0;
  let planned = 0;
  for (let i = 0; i < count; i++) {
    const origin = random.pick(corpus);
    const text = mutateSql(origin.text, words, random);
    const started = performance.now();
    let outcome = 'parsed';
    try {
      if (planStatement(text, origin, () => parsed++)) {
        outcome = 'planned';
        planned++;
      }
    } catch (error) {
      // A statement too deep for the stack is answered as such.
      outcome =
        error instanceof SqlError
          ? String(error.code)
          : error instanceof RangeError
            ? 'STATEMENT_TOO_COMPLEX'
            : 'FINDING';
      if (outcome === 'FINDING') findings.push(`${text}\n${(error as Error).stack ?? String(error)}`);
    }
    const took = performance.now() - started;
    if (took > slowMs) findings.push(`${Math.round(took)} ms: ${text}`);
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  }
  const share = (n: number): string => `${((100 * n) / count).toFixed(1)} %`;
  console.log(`${count} changed statements of ${corpus.length}: ${share(parsed)} parsed, ${share(planned)} planned`);
  console.log(histogram(counts));
}

/** Changed records through every format's decoder. */
function fuzzAllRecords(): void {
  for (const name of formatNames()) {
    const run = fuzzRecords(name, Number(values.records), new Random(seed));
    console.log(`${values.records} changed records of ${name}`);
    console.log(histogram(run.counts));
    findings.push(...run.findings);
  }
}
/** Records with every type's limits through random queries: none may stop one, or change what the others give. */
async function fuzzRecordsThroughQueries(): Promise<void> {
  const count = runsOf(Number(values.queries));
  const run = await fuzzQueries(count, seed, (from) => new Random(from));
  console.log(`${run.records} records through ${count} queries, ${run.lines} log lines`);
  console.log(histogram(run.counts));
  findings.push(...run.findings);
}

/** The same on nodes that are stopped and killed: embedded, or on brokers. */
async function fuzzRecordsThroughNodes(): Promise<void> {
  const { brokers } = values;
  if (brokers === '') {
    console.log('skipped: --brokers names none');
    return;
  }
  const queries = Number(values.queries);
  const rounds = runsOf(Number(values.rounds));
  const run = await fuzzNodes({ rounds, queries, seed, brokers }, (from) => new Random(from));
  const where = brokers === undefined ? 'embedded' : `on ${brokers}`;
  console.log(`${run.records} records, ${rounds} rounds of ${queries} queries ${where}, ${run.lines} log lines`);
  const { stopped, killed, cut } = run.ends;
  console.log(`nodes stopped ${stopped} times, killed ${killed} times, ${cut} of them before all was read`);
  console.log(histogram(run.counts));
  findings.push(...run.findings);
}

if (values.restarts || values.brokers !== undefined) await fuzzRecordsThroughNodes();
else if (values['records-through-queries']) await fuzzRecordsThroughQueries();
else {
  await fuzzStatements(Number(values.statements));
  fuzzAllRecords();
}
for (const each of findings.slice(0, 200)) console.log(`\nFINDING ${each}`);
console.log(`${findings.length} findings`);
process.exitCode = findings.length > 0 ? 1 : 0;
