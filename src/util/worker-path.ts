/**
 * The URL of a worker's code. Worker threads run JavaScript, so a module that runs as TypeScript (in tests) uses the worker in
 * `dist`, which must be built before.
 */
export function workerPath(moduleUrl: string, name: string): URL {
  if (!moduleUrl.endsWith('.ts')) return new URL(`./${name}.js`, moduleUrl);
  const inDist = moduleUrl.replace(/\/src\/(?!.*\/src\/)/, '/dist/src/');
  return new URL(`./${name}.js`, inDist);
}
