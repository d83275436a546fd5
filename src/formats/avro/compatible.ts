import type { Avro } from './schema.ts';

const promotions: Readonly<Record<string, readonly string[]>> = {
  int: ['long', 'float', 'double'],
  long: ['float', 'double'],
  float: ['double'],
  string: ['bytes'],
  bytes: ['string'],
};

/**
 * Why a reader with the newer schema cannot read data of the older one, or undefined: Avro's rules of schema resolution, which
 * define BACKWARD compatibility.
 */
export function backwardProblem(newer: Avro, older: Avro, path = '$'): string | undefined {
  if (older.kind === 'union')
    return older.branches
      .map((branch) => backwardProblem(newer, branch, path))
      .find((problem) => problem !== undefined);
  if (newer.kind === 'union') {
    const fits = newer.branches.some((branch) => backwardProblem(branch, older, path) === undefined);
    return fits ? undefined : `${path}: no branch of the union reads ${older.kind}`;
  }
  if (newer.kind === 'array' && older.kind === 'array') return backwardProblem(newer.items, older.items, `${path}[]`);
  if (newer.kind === 'map' && older.kind === 'map') return backwardProblem(newer.values, older.values, `${path}{}`);
  if (newer.kind === 'record' && older.kind === 'record')
    return newer.fields
      .map(({ name, type, default: fallback }) => {
        const before = older.fields.find((field) => field.name === name);
        if (before !== undefined) return backwardProblem(type, before.type, `${path}.${name}`);
        return fallback !== undefined ? undefined : `${path}.${name}: a new field needs a default`;
      })
      .find((problem) => problem !== undefined);
  // The record itself is compared where it begins.
  if (newer.kind === 'recursive' || older.kind === 'recursive') return undefined;
  if (newer.kind === 'fixed' && older.kind === 'fixed')
    return newer.size === older.size ? undefined : `${path}: fixed(${older.size}) became fixed(${newer.size})`;
  if (newer.kind === 'enum' && older.kind === 'enum') {
    const gone = older.symbols.find((symbol) => !newer.symbols.includes(symbol));
    return gone === undefined ? undefined : `${path}: the symbol "${gone}" is gone`;
  }
  if (newer.kind === older.kind || promotions[older.kind]?.includes(newer.kind) === true) return undefined;
  return `${path}: ${older.kind} became ${newer.kind}`;
}
