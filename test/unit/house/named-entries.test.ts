import ts from 'typescript';
import { expect, test } from 'vitest';
import { formatNames } from '../../../src/formats/index.ts';
import { findOverFunction } from '../../../src/functions/over/index.ts';
import { functionNames } from '../../../src/functions/registry.ts';
import { filesIn, openProgram, pathOf } from '../../support/program.ts';

/** Where a format's name is another thing's too, and the one default that users see. */
const otherWords: Readonly<Record<string, readonly string[]>> = {
  JSON: ['src/repl/repl.ts', 'src/cli/main.ts', 'src/functions/'], // how answers are shown, a category of functions
  NONE: ['src/runtime/ports/schema-registry.ts', 'src/adapters/registry/'], // a level of compatibility
  KAFKA: ['src/config/session-options.ts'], // the default of a property
  REPLACE: ['src/syntax/parse.ts'], // a keyword
  ML_EVALUATE: ['src/syntax/build-model-functions.ts'], // what stands in FROM
};

/** The strings of a file that are exactly one of these names, in lines of source. */
function named(file: ts.SourceFile, names: ReadonlySet<string>): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) && names.has(node.text)) {
      const path = pathOf(file);
      const isOther = otherWords[node.text]?.some((place) => path.startsWith(place)) === true;
      const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
      if (!isOther) found.push(`${path}:${line + 1}: ${node.text}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

test.each([
  ['formats', new Set(formatNames())],
  ['functions', new Set([...functionNames(), 'LAG', 'FIRST_VALUE', 'LAST_VALUE'])],
])('%s are asked for what they can do, and not named outside their folder', (folder, names) => {
  const files = filesIn(openProgram(), 'src').filter((file) => !pathOf(file).startsWith(`src/${folder}/`));
  expect(files.flatMap((file) => named(file, names))).toEqual([]);
});

test('the names of functions with OVER alone are those that are looked for', () => {
  for (const name of ['LAG', 'FIRST_VALUE', 'LAST_VALUE']) expect(findOverFunction(name)?.name).toBe(name);
});
