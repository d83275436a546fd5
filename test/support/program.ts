import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** The whole project as a TypeScript program. */
export function openProgram(): ts.Program {
  const path = resolve(root, 'tsconfig.json');
  const { config } = ts.readConfigFile(path, (name) => ts.sys.readFile(name)) as { config: unknown };
  const { fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  return ts.createProgram(fileNames, options);
}

export const pathOf = (file: ts.SourceFile): string => relative(root, file.fileName);

/** The project's files below these folders. */
export function filesIn(program: ts.Program, ...folders: readonly string[]): readonly ts.SourceFile[] {
  return program.getSourceFiles().filter((file) => {
    const path = pathOf(file);
    return !path.includes('node_modules') && folders.some((folder) => path.startsWith(`${folder}/`));
  });
}

/** The declaration's symbol behind an imported or exported name. */
export function original(checker: ts.TypeChecker, symbol: ts.Symbol): ts.Symbol {
  return (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol);
}
