/**
 * What of a value is read: all of it, some fields of a STRUCT, or a part of each element of an ARRAY or MAP, of an ARRAY perhaps of
 * its `first` ones alone.
 */
export type ReadPart =
  | 'whole'
  | { readonly fields: readonly (readonly [name: string, part: ReadPart])[] }
  | { readonly elements: ReadPart; readonly first?: number };

export const readWhole: ReadPart = 'whole';

/** What is read by someone who reads either. */
export function joinedParts(left: ReadPart, right: ReadPart): ReadPart {
  if (left === 'whole' || right === 'whole') return 'whole';
  if ('elements' in left || 'elements' in right) {
    if (!('elements' in left && 'elements' in right)) return 'whole';
    const elements = joinedParts(left.elements, right.elements);
    if (left.first === undefined || right.first === undefined) return elements === 'whole' ? 'whole' : { elements };
    return { elements, first: Math.max(left.first, right.first) };
  }
  const fields = new Map(left.fields);
  for (const [name, part] of right.fields) {
    const known = fields.get(name);
    fields.set(name, known === undefined ? part : joinedParts(known, part));
  }
  return { fields: [...fields] };
}

/** What is read of a field of a STRUCT; undefined for nothing. */
export function partOfField(part: ReadPart, name: string): ReadPart | undefined {
  if (part === 'whole' || 'elements' in part) return 'whole';
  return part.fields.find(([field]) => field === name)?.[1];
}
/** How many elements of an ARRAY are read. */
export const elementsRead = (part: ReadPart): number =>
  part !== 'whole' && 'elements' in part ? (part.first ?? Infinity) : Infinity;
export const partOfElements = (part: ReadPart): ReadPart =>
  part !== 'whole' && 'elements' in part ? part.elements : 'whole';
