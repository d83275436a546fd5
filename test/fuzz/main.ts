import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SqlError } from '../../src/diagnostics/sql-error.ts';
import { formatNames } from '../../src/formats/index.ts';
import { loadCorpus } from './corpus.ts';
import { mutateSql, Words } from './mutate-sql.ts';
import { planStatement } from './plan-statement.ts';
import { histogram, Random } from './random.ts';
import { fuzzQueries } from './queries.ts';
import { fuzzRecords } from './records.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    statements: { type: 'string', default: '100000' },
    records: { type: 'string', default: '100000' },
    cases: { type: 'string' },
    'records-through-queries': { type: 'boolean', default: false },
    queries: { type: 'string', default: '1000' },
  },
});
const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed);
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
  const run = await fuzzQueries(Number(values.queries), seed, (from) => new Random(from));
  console.log(`${run.records} records through ${values.queries} queries, ${run.lines} log lines`);
  console.log(histogram(run.counts));
  findings.push(...run.findings);
}

if (values['records-through-queries']) await fuzzRecordsThroughQueries();
else {
  await fuzzStatements(Number(values.statements));
  fuzzAllRecords();
}
for (const each of findings.slice(0, 200)) console.log(`\nFINDING ${each}`);
console.log(`${findings.length} findings`);
process.exitCode = findings.length > 0 ? 1 : 0;
