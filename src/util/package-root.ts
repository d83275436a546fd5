/** The package's own folder, from a module two folders below `src`, run from `src` itself or from `dist`. */
export function packageRoot(moduleUrl: string): URL {
  return new URL(moduleUrl.includes('/dist/src/') ? '../../../' : '../../', moduleUrl);
}
