import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { filesIn, openProgram, original, pathOf, root } from '../../support/program.ts';

/** What is exported for others than this project (users' functions), and the scripts in plain JavaScript, which the compiler does not see. */
const published = ['src/functions/user/api.ts'];
const scripts = ['bin', 'config', 'test/cluster', 'test/image'].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.mjs'))
    .map((name) => readFileSync(join(root, folder, name), 'utf8')),
);
const usedByScript = (name: string): boolean => scripts.some((text) => new RegExp(`[{ ]${name}[ },:]`).test(text));

/** What a name stands for; in `const { name } = await import(...)` that is the module's. */
function symbolOf(checker: ts.TypeChecker, node: ts.Identifier): ts.Symbol | undefined {
  if (ts.isBindingElement(node.parent) && ts.isObjectBindingPattern(node.parent.parent)) {
    const from = checker.getTypeAtLocation(node.parent.parent);
    return from.getProperty(node.text) ?? checker.getSymbolAtLocation(node);
  }
  return checker.getSymbolAtLocation(node);
}

/** Names that a file exports and no other file uses; a type may be there for the signatures of its file. */
function unusedExports(program: ts.Program): string[] {
  const checker = program.getTypeChecker();
  const uses = new Map<ts.Symbol, ts.Identifier[]>();
  const note = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const symbol = symbolOf(checker, node);
      const target = symbol && original(checker, symbol);
      if (target !== undefined) {
        const known = uses.get(target);
        if (known === undefined) uses.set(target, [node]);
        else known.push(node);
      }
    }
    ts.forEachChild(node, note);
  };
  for (const file of filesIn(program, 'src', 'grammar', 'test', 'bench')) note(file);
  return filesIn(program, 'src', 'grammar')
    .filter((file) => !published.includes(pathOf(file)))
    .flatMap((file) => {
      const module = checker.getSymbolAtLocation(file);
      if (module === undefined) return [];
      return checker.getExportsOfModule(module).flatMap((symbol) => {
        const target = original(checker, symbol);
        const found = uses.get(target) ?? [];
        const isType = (target.flags & ts.SymbolFlags.Value) === 0;
        const used = (isType && found.length > 1) || found.some((node) => node.getSourceFile() !== file);
        return used || usedByScript(symbol.name) ? [] : [`${pathOf(file)}: ${symbol.name}`];
      });
    })
    .sort();
}

test('what is exported is used by another file', { timeout: 300_000 }, () => {
  expect(unusedExports(openProgram())).toEqual([]);
});
