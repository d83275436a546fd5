import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadExtensions } from '../../src/functions/user/load.ts';
import { checkOperators } from '../support/checked-steps.ts';
import { violations } from '../support/checked.ts';
import { loadCases, type TestCase } from './cases.ts';
import { runRestCase } from './rest-case.ts';
import { runCase, type Verdict } from './run-case.ts';
import { selfTest } from './self-test.ts';

interface Count {
  passed: number;
  failed: number;
  unsupported: number;
  failures: string[];
}

const { values } = parseArgs({
  options: {
    cases: { type: 'string' },
    filter: { type: 'string' },
    json: { type: 'string' },
    verbose: { type: 'boolean' },
    floor: { type: 'boolean' },
    'self-test': { type: 'boolean' },
  },
});
const root = values.cases ?? join(process.cwd(), '../shared/qtt');
const folder = join(root, 'query-validation-tests');
if (!existsSync(folder)) {
  console.log(`conformance: skipped, ${folder} is not there`);
  process.exit(0);
}

checkOperators();
await loadExtensions(fileURLToPath(new URL('../../../test/conformance/functions', import.meta.url)));

const wanted = (test: TestCase): boolean =>
  values.filter === undefined || `${test.file} - ${test.name}`.toLowerCase().includes(values.filter.toLowerCase());
const files = new Map<string, Count>();
const passing: TestCase[] = [];
const total: Count = { passed: 0, failed: 0, unsupported: 0, failures: [] };
const queryCases = loadCases(folder);
const restFolder = join(root, 'rest-query-validation-tests');
const restCases = existsSync(restFolder) ? loadCases(restFolder) : [];
const runs = [
  ...queryCases.map((test) => [test, runCase] as const),
  ...restCases.map((test) => [test, runRestCase] as const),
];
for (const [test, run] of runs.filter(([each]) => wanted(each))) {
  const given: Verdict = await run(test);
  const broken = violations.splice(0);
  const verdict: Verdict = broken.length > 0 ? { outcome: 'failed', why: broken.join('\n') } : given;
  const count = files.get(test.file) ?? { passed: 0, failed: 0, unsupported: 0, failures: [] };
  files.set(test.file, count);
  for (const each of [count, total]) each[verdict.outcome]++;
  if (verdict.outcome === 'passed') {
    if (run === runCase) passing.push(test);
    continue;
  }
  if (verdict.outcome === 'failed') count.failures.push(`${test.name}: ${verdict.why.split('\n')[0]!}`);
  if (values.verbose === true) console.log(`${verdict.outcome}: ${test.file} - ${test.name}\n    ${verdict.why}`);
}
for (const [file, count] of files)
  console.log(
    `${file.padEnd(36)} ${String(count.passed).padStart(4)} passed ${String(count.failed).padStart(4)} failed ${String(count.unsupported).padStart(4)} unsupported`,
  );
console.log(`total: ${total.passed} passed, ${total.failed} failed, ${total.unsupported} unsupported`);
if (values.json !== undefined) {
  const { passed, failed, unsupported } = total;
  writeFileSync(
    values.json,
    JSON.stringify({ passed, failed, unsupported, files: Object.fromEntries(files) }, null, 2),
  );
}
if (values['self-test'] === true) {
  const { noticed, missed } = await selfTest(passing);
  for (const each of missed) console.log(`self-test: not noticed: ${each}`);
  console.log(`self-test: ${noticed} changed expectations noticed, ${missed.length} not`);
  if (missed.length > 0) process.exitCode = 1;
}
if (values.floor === true) {
  const floor = JSON.parse(
    readFileSync(new URL('../../../test/conformance/floor.json', import.meta.url), 'utf8'),
  ) as Record<string, number>;
  const dropped = Object.entries(floor).filter(([file, passed]) => (files.get(file)?.passed ?? 0) < passed);
  for (const [file, passed] of dropped)
    console.log(`conformance: ${file} passed ${files.get(file)?.passed ?? 0}, and ${passed} before`);
  if (dropped.length > 0) process.exit(1);
}
