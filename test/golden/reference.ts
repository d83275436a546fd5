import type { SqlFunction } from '../../src/functions/define.ts';
import { signaturesOf } from '../../src/functions/define.ts';
import { findFunction, functionNames } from '../../src/functions/registry.ts';
import { signatureText } from '../../src/functions/resolve.ts';
import { paramTypeText } from '../../src/functions/signature.ts';
import type { Asked } from './ask.ts';
import type { EvaluatedCall } from './evaluate.ts';
import type { Evaluated } from './golden.ts';
import { parse, splitScript } from '../../src/syntax/parse.ts';
import { shapes } from '../../src/syntax/statements/index.ts';
import { showKinds } from '../../src/syntax/statements/show.ts';
import { statementForms, type StatementForm } from './statement-forms.ts';

type Outcome = EvaluatedCall['outcome'];
type Cases = Partial<Record<Outcome, Evaluated>>;

/** For each overload of each function the first expression that met it with values, with a null, and with what it refuses. */
export function casesOf(evaluated: readonly Evaluated[]): ReadonlyMap<string, readonly Cases[]> {
  const found = new Map(
    functionNames().map((name) => [name, signaturesOf(findFunction(name)!).map((): Cases => ({}))]),
  );
  for (const each of evaluated) {
    for (const { fn, overload, arguments: count, outcome } of each.calls) {
      const signatures = signaturesOf(findFunction(fn)!);
      for (const [i, cases] of found.get(fn)!.entries()) {
        const isMet = overload === undefined ? takes(signatures[i]!.overload, count) : overload === i;
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

/** What a case is not needed for: a function without arguments, or with constants alone, has no null among them. */
export function missingCases(cases: ReadonlyMap<string, readonly Cases[]>): string[] {
  return [...cases].flatMap(([name, list]) =>
    list.flatMap((each, i) => {
      const { overload, isStandard } = signaturesOf(findFunction(name)!)[i]!;
      const needed: Outcome[] = overload.params.every(({ constant }) => constant)
        ? ['ordinary', 'error']
        : ['ordinary', 'null', 'error'];
      return needed
        .filter((outcome) => each[outcome] === undefined)
        .map((o) => `${signatureText(name, overload)}${isStandard ? ' of the standard set' : ''}: ${o}`);
    }),
  );
}

/** The page of all functions, with what the expressions of the golden files gave. */
export function functionsPage(cases: ReadonlyMap<string, readonly Cases[]>): string {
  const byCategory = new Map<string, string[]>();
  for (const [name, list] of cases) {
    const fn = findFunction(name)!;
    const { category, doc, kind } = fn;
    const signatures = signaturesOf(fn);
    const section = [`### ${name}`, '', `${doc}${kind === 'scalar' ? '' : ` (${kind} function)`}`, ''];
    section.push('| Signature | Example | With a null | Refused or failing |', '| --- | --- | --- | --- |');
    for (const [i, { ordinary, null: withNull, error }] of list.entries()) {
      const { overload, isStandard } = signatures[i]!;
      const { returns } = overload;
      const result = typeof returns === 'function' ? 'depends on the arguments' : paramTypeText(returns);
      const signature = `${isStandard ? 'standard: ' : ''}${code(signatureText(name, overload).slice(name.length))}`;
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
    "Aggregates are of two sets: the standard's with OVER and in CREATE FEATURE VIEW, ksqlDB's in every other GROUP BY. Where a function",
    "differs its signatures of the standard set stand behind ksqlDB's, marked `standard`: see [compatibility.md](compatibility.md).",
    '',
    ...sections.flatMap(([category, list]) => [`## ${titleOf(category)}`, '', ...list]),
  ].join('\n');
}

type AskedCases = Partial<Record<Outcome, Asked>>;

/** For each form of a statement the first that gave something, that met nothing or a null, and that was refused. */
export function statementCases(asked: readonly Asked[]): ReadonlyMap<StatementForm, AskedCases> {
  const found = new Map(statementForms.map((form): [StatementForm, AskedCases] => [form, {}]));
  for (const each of asked)
    for (const [form, cases] of found) if (form.matches.test(each.statement)) cases[outcomeOf(each)] ??= each;
  return found;
}

/** Empty lists, what IF EXISTS passes over, empty texts and nulls are nothing. */
function outcomeOf({ statement, text }: Asked): Outcome {
  if (/(?<!^ASSERT )NULL|EXISTS|= ''/.test(statement) && !/ FROM .*IS NOT NULL/.test(statement)) return 'null';
  if (text.startsWith('!')) return 'error';
  return /^\[\]$|":(\[\]|\{\})\}$|^warning|No query is running/.test(text) ? 'null' : 'ordinary';
}

export function missingStatements(cases: ReadonlyMap<StatementForm, AskedCases>): string[] {
  return [...cases].flatMap(([{ syntax, neverNothing }, each]) => {
    const needed: Outcome[] = neverNothing === undefined ? ['ordinary', 'null', 'error'] : ['ordinary', 'error'];
    return needed.filter((outcome) => each[outcome] === undefined).map((outcome) => `${syntax}: ${outcome}`);
  });
}

/** Kinds of statements, and of what SHOW and DESCRIBE show, that no case of the page stands for. */
export function missingKinds(asked: readonly Asked[]): string[] {
  const met = new Set<string>();
  for (const { statement: text } of asked) {
    try {
      const statement = parse(splitScript({ name: 'asked', text })[0]!);
      met.add(statement.kind);
      if (statement.kind === 'show' || statement.kind === 'describe') met.add(`${statement.kind} ${statement.what}`);
    } catch {
      // What cannot be parsed is asked for its refusal.
    }
  }
  return [...Object.keys(shapes), ...showKinds.map((what) => `show ${what}`)].filter((kind) => !met.has(kind));
}

/** The page of all statements, with what the golden file's were answered. */
export function statementsPage(cases: ReadonlyMap<StatementForm, AskedCases>): string {
  const rows = [...cases].flatMap(([{ syntax, neverNothing }, { ordinary, null: nothing, error }]) => [
    `### ${syntax.replaceAll('|', '\\|')}`,
    '',
    ...[ordinary, nothing, error].flatMap((each) =>
      each === undefined ? [] : ['```sql', each.statement, `-- ${each.text}`, '```', ''],
    ),
    ...(neverNothing === undefined ? [] : [`No case of nothing: ${neverNothing}.`, '']),
  ]);
  return [
    '# Statements',
    '',
    `The ${cases.size} forms of statements: those of ksqlDB's grammar, and those of models, feature views and \`DELETE FROM\`. Each has a result,`,
    'one with nothing there or a null, and a refusal. The page is written by the golden tests',
    '(`test/golden/statements/reference.test`), which fail where it is not what was answered; answers are cut at 200 characters,',
    'refusals stand behind `!`. RUN SCRIPT is a command of the REPL. The grammar as diagrams:',
    '[grammar/diagrams.html](../grammar/diagrams.html).',
    '',
    ...rows,
  ].join('\n');
}

function cell(each: Evaluated | undefined): string {
  if (each === undefined) return '';
  return `${code(each.expression)} ${each.text.startsWith('!') ? '' : '= '}${code(each.text)}`;
}
const code = (text: string): string => `\`\` ${text.replaceAll('|', '\\|')} \`\``;
const titleOf = (category: string): string => category[0]! + category.slice(1).toLowerCase();
