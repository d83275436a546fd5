/** The package's root folder, seen from a module two folders below `src` (in `src` or in `dist`). */
export function packageRoot(moduleUrl: string): URL {
  return new URL(moduleUrl.includes('/dist/src/') ? '../../../' : '../../', moduleUrl);
}
