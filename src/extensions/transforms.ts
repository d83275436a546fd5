import type { ModelColumn } from '../types/model.ts';
import type { Row } from '../types/sql-type.ts';

/** A function of a row that a user's module defines, to stand before or behind a model. */
export interface UserTransform {
  /** In upper case. */
  readonly name: string;
  /** The file that defines it. */
  readonly path: string;
  /** By the names that the code has for them. */
  readonly inputs: readonly ModelColumn[];
  readonly outputs: readonly ModelColumn[];
  /** The outputs of each row, with nulls where the code gives none, or why it has none. Rows are in the order of `inputs`. */
  readonly apply: (rows: readonly Row[]) => readonly (Row | Error)[];
}

const transforms = new Map<string, UserTransform>();

/** Registers a user's transform. Replaces one loaded from the same file before. */
export function registerTransform(added: UserTransform): void {
  const known = transforms.get(added.name);
  if (known !== undefined && known.path !== added.path)
    throw new TypeError(`${added.name} is defined in ${known.path} too`);
  transforms.set(added.name, added);
}

/** The transform of an upper-case name. */
export const findTransform = (name: string): UserTransform | undefined => transforms.get(name);

export const transformNames = (): string[] => [...transforms.keys()].sort();
