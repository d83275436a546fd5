import type { SqlType } from '../../types/sql-type.ts';
import { fieldNamed } from '../define.ts';
import { branchName, type Avro } from './schema.ts';

/** A branch of a union, and the field of the struct that holds its values, if one does. */
export interface BranchField {
  readonly branch: Avro;
  readonly field: { readonly name: string; readonly type: SqlType; readonly slot: number } | undefined;
}

/**
 * The branches of a union of several types with the fields of a struct that stand for them; undefined where the struct is not such a one:
 * each of its fields is a branch's.
 */
export function branchFields(
  { branches }: Extract<Avro, { kind: 'union' }>,
  { fields }: Extract<SqlType, { kind: 'STRUCT' }>,
): { branches: readonly BranchField[]; width: number } | undefined {
  const named = branches.map((branch) => ({ name: branchName(branch), branch }));
  if (branches.filter(({ kind }) => kind !== 'null').length < 2) return undefined;
  const targets = fields.map(({ name }) => fieldNamed(named, name));
  if (targets.includes(undefined)) return undefined;
  return {
    width: fields.length,
    branches: named.map((each) => {
      const slot = targets.indexOf(each);
      return { branch: each.branch, field: slot < 0 ? undefined : { ...fields[slot]!, slot } };
    }),
  };
}
