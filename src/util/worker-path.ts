/**
 * Where a worker's code is: worker threads run JavaScript, so a module that runs as TypeScript (in tests) finds its worker in
 * `dist`, which is built first.
 */
export function workerPath(moduleUrl: string, name: string): URL {
  if (!moduleUrl.endsWith('.ts')) return new URL(`./${name}.js`, moduleUrl);
  const inDist = moduleUrl.replace(/\/src\/(?!.*\/src\/)/, '/dist/src/');
  return new URL(`./${name}.js`, inDist);
}
