import type { Row } from '../types/sql-type.ts';
import { findFormat } from '../formats/index.ts';
import type { Placement } from '../plan/physical/steps/repartition.ts';
import { partitionOf } from '../records/murmur2.ts';
import { Bytes } from '../util/bytes.ts';
import { keyText } from './change.ts';

/** The partition of a key: as in the topic of a placement, by the key's bytes, or else by the key's text. */
export type PlaceKey = (key: Row, partitions: number) => number;

const byText: PlaceKey = (key, partitions) => (partitions === 1 ? 0 : partitionOf(keyText(key), partitions));

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
    // A null key joins no row, so any partition will do.
    return encode(key, out) ? partitionOf(out.buffer, partitions, out.length) : 0;
  };
}
