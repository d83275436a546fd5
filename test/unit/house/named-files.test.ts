import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { root } from '../../support/program.ts';

const folders = ['src', 'grammar', 'test', 'bench', 'config', 'bin', 'deploy', 'docs', 'examples'];
const all = folders
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  )
  .concat(readdirSync(root))
  .filter((path) => !path.includes('node_modules'));
/** What a path may begin with: a folder of the project or of `src`. */
const beginnings = new Set([...folders, ...readdirSync(join(root, 'src'))]);

/** The comments of a TypeScript file: what stands between its tokens. */
function commentsOf(text: string): string {
  const file = ts.createSourceFile('file.ts', text, ts.ScriptTarget.Latest, true);
  const comments: string[] = [];
  const visit = (node: ts.Node): void => {
    if (node.getChildCount(file) === 0) comments.push(text.slice(node.pos, node.getStart(file, false)));
    for (const child of node.getChildren(file)) visit(child);
  };
  visit(file);
  return comments.join('\n');
}

/** A name with an ending that only files of a project have, and in backticks also a folder. */
const files = /(?<![\w$@/.<-])(?:\.{1,2}\/)*(?:[\w-]+\/)*[\w-]+(?:\.[\w-]+)*\.(?:ts|mjs|md|yml)(?![\w-])/g;
const placed = /`((?:[\w-]+\/)+(?:<[\w ]+>[\w.-]*|\*[\w.-]*|[\w.-]+)?)`/g;

/** Whether a name is a file or folder of the project; it may begin anywhere, as names in a text of one folder do. */
function exists(name: string, folder: string): boolean {
  const path = /[<*]/.test(name) ? dirname(name) : name.replace(/\/$/, '');
  return existsSync(join(root, folder, path)) || all.some((known) => known === path || known.endsWith(`/${path}`));
}

/** The names in a text that are no files of the project. */
function missing(prose: string, folder: string): string[] {
  const named = [...prose.matchAll(files)].map(([name]) => name);
  const inTicks = [...prose.matchAll(placed)].map(([, name]) => name!);
  const own = inTicks.filter((name) => beginnings.has(name.split('/')[0]!));
  return [...new Set([...named, ...own])].filter((name) => !exists(name, folder));
}

const written = all.filter((path) => /\.(ts|md)$/.test(path) && !path.endsWith('.d.ts'));

test('comments and documents name only files that exist', () => {
  const wrong = written.flatMap((path) => {
    const text = readFileSync(join(root, path), 'utf8');
    const prose = path.endsWith('.ts') ? commentsOf(text) : text.replaceAll(/https?:\/\/\S+/g, '');
    return missing(prose, dirname(path)).map((name) => `${path}: ${name}`);
  });
  expect(wrong).toEqual([]);
});

test('only comments are read, wherever they stand', () => {
  const comments = commentsOf("const a = 'x.ts'; // see gone.ts\n/** `b/c.ts` */ const b = `${/* d.ts */ a}`;");
  expect(comments).toMatch(/gone\.ts[^]*b\/c\.ts[^]*d\.ts/);
  expect(comments).not.toContain('x.ts');
});

test.each([
  ['as in `gone.ts`', ['gone.ts']],
  ['see runtime/gone.ts and src/gone/x.md', ['runtime/gone.ts', 'src/gone/x.md']],
  ['in `runtime/gone/`', ['runtime/gone/']],
  ['one `src/gone/<name>.ts` each', ['src/gone/<name>.ts']],
  ['as in `compile.ts`, expressions/node.ts, `runtime/stores/` and `src/functions/scalar/<name>.ts`', []],
  ['GET `/schemas/ids/1`, `text/plain`, 1.5 and e.g. this', []],
])('%s', (prose, names) => {
  expect(missing(prose, '')).toEqual(names);
});
