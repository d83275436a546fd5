import type { SqlFunction } from '../../src/functions/define.ts';
import { findFunction, functionNames } from '../../src/functions/registry.ts';
import { signatureText } from '../../src/functions/resolve.ts';
import { paramTypeText } from '../../src/functions/signature.ts';
import type { EvaluatedCall } from './evaluate.ts';
import type { Evaluated } from './golden.ts';

type Outcome = EvaluatedCall['outcome'];
type Cases = Partial<Record<Outcome, Evaluated>>;

/** For each overload of each function the first expression that met it with values, with a null, and with what it refuses. */
export function casesOf(evaluated: readonly Evaluated[]): ReadonlyMap<string, readonly Cases[]> {
  const found = new Map(functionNames().map((name) => [name, findFunction(name)!.overloads.map((): Cases => ({}))]));
  for (const each of evaluated) {
    for (const { fn, overload, arguments: count, outcome } of each.calls) {
      const { overloads } = findFunction(fn)!;
      for (const [i, cases] of found.get(fn)!.entries()) {
        const isMet = overload === undefined ? takes(overloads[i]!, count) : overload === i;
        if (isMet) cases[outcome] ??= each;
      }
    }
  }
  return found;
}

/** A call that was refused speaks of every overload that takes as many arguments; those without any refuse every number. */
function takes({ params }: SqlFunction['overloads'][number], count: number): boolean {
  if (params.length === 0) return true;
  return params.some(({ variadic }) => variadic) ? count >= params.length - 1 : count === params.length;
}

/** What a case is not needed for: a function without arguments has no null among them. */
export function missingCases(cases: ReadonlyMap<string, readonly Cases[]>): string[] {
  return [...cases].flatMap(([name, list]) =>
    list.flatMap((each, i) => {
      const overload = findFunction(name)!.overloads[i]!;
      const needed: Outcome[] = overload.params.length === 0 ? ['ordinary', 'error'] : ['ordinary', 'null', 'error'];
      return needed
        .filter((outcome) => each[outcome] === undefined)
        .map((o) => `${signatureText(name, overload)}: ${o}`);
    }),
  );
}

/** The page of all functions, with what the expressions of the golden files gave. */
export function functionsPage(cases: ReadonlyMap<string, readonly Cases[]>): string {
  const byCategory = new Map<string, string[]>();
  for (const [name, list] of cases) {
    const { category, doc, kind, overloads } = findFunction(name)!;
    const section = [`### ${name}`, '', `${doc}${kind === 'scalar' ? '' : ` (${kind} function)`}`, ''];
    section.push('| Signature | Example | With a null | Refused or failing |', '| --- | --- | --- | --- |');
    for (const [i, { ordinary, null: withNull, error }] of list.entries()) {
      const { returns } = overloads[i]!;
      const result = typeof returns === 'function' ? 'depends on the arguments' : paramTypeText(returns);
      const signature = code(signatureText(name, overloads[i]!).slice(name.length));
      section.push(`| ${signature} → ${code(result)} | ${cell(ordinary)} | ${cell(withNull)} | ${cell(error)} |`);
    }
    byCategory.set(category, [...(byCategory.get(category) ?? []), [...section, ''].join('\n')]);
  }
  const sections = [...byCategory].sort(([a], [b]) => (a < b ? -1 : 1));
  const overloads = [...cases.values()].reduce((sum, { length }) => sum + length, 0);
  return [
    '# Functions',
    '',
    `Every function of Millrace, ${cases.size} with ${overloads} overloads, each called with values, with a null and with what it does`,
    'not take. The page is written by the golden tests (`test/golden/functions`), which fail where it is not what they gave; a value',
    'stands as JSON has it, with its type. An error in an expression makes it null, and is told in the processing log (behind `!`).',
    'DESCRIBE FUNCTION shows the same in the REPL.',
    '',
    ...sections.flatMap(([category, list]) => [`## ${titleOf(category)}`, '', ...list]),
  ].join('\n');
}

function cell(each: Evaluated | undefined): string {
  if (each === undefined) return '';
  return `${code(each.expression)} ${each.text.startsWith('!') ? '' : '= '}${code(each.text)}`;
}
const code = (text: string): string => `\`\` ${text.replaceAll('|', '\\|')} \`\``;
const titleOf = (category: string): string => category[0]! + category.slice(1).toLowerCase();
