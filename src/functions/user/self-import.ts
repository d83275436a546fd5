import { register } from 'node:module';

let isRegistered = false;

/**
 * Lets modules outside of the package, which have no node_modules with it beside them, import `millrace/functions`. One that they
 * have installed themselves goes first.
 */
export function resolveOwnName(): void {
  if (isRegistered) return;
  isRegistered = true;
  const own = new URL(import.meta.url.endsWith('.ts') ? './api.ts' : './api.js', import.meta.url).href;
  const hook = `export const resolve = (name, context, next) =>
    name === 'millrace/functions'
      ? next(name, context).catch(() => ({ url: ${JSON.stringify(own)}, shortCircuit: true }))
      : next(name, context);`;
  register(`data:text/javascript,${encodeURIComponent(hook)}`);
}
