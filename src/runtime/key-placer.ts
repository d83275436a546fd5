import type { Row } from '../types/sql-type.ts';
import { findFormat } from '../formats/index.ts';
import type { Placement } from '../plan/physical/step.ts';
import { partitionOf } from '../records/murmur2.ts';
import { Bytes } from '../util/bytes.ts';
import { keyText } from './change.ts';

/** Gives the partition of a key among so many: like that of a topic's records with this key, or by the key's own text. */
export type PlaceKey = (key: Row, partitions: number) => number;

const byText: PlaceKey = (key, partitions) => partitionOf(keyText(key), partitions);

export function keyPlacer(like: Placement | undefined): PlaceKey {
  if (like === undefined) return byText;
  const format = findFormat(like.keyFormat.format)!;
  const [only, second] = like.keys;
  if (only !== undefined && second === undefined && format.writesBareText?.(only.type) === true) return byText;
  const columns = like.keys.map(({ name, type }, slot) => ({ name, type, slot }));
  const encode = format.encoder(columns, like.keyFormat);
  const out = new Bytes();
  return (key, partitions) => {
    if (partitions === 1) return 0;
    out.length = 0;
    // A key without bytes meets nobody: any place will do.
    return encode(key, out) ? partitionOf(out.buffer, partitions, out.length) : 0;
  };
}
