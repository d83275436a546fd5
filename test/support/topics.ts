import type { Engine } from '../../src/engine/engine.ts';
import type { Node, TopicRecord } from '../../src/runtime/ports/node.ts';
import { hasBothBounds } from '../../src/specs/window.ts';

/** All records that a topic has now, in order within each partition. */
export async function recordsOf(node: Node, topic: string): Promise<TopicRecord[]> {
  const reader = await node.openReader(topic, 'beginning');
  const all: TopicRecord[] = [];
  for (let records; (records = await reader.poll(10_000, 0)).length > 0;) all.push(...records);
  return all;
}
/** The column N of the JSON values of a topic, sorted. */
export async function numbersOf(node: Node, topic: string): Promise<number[]> {
  const values = (await recordsOf(node, topic)).map(
    ({ value }) => JSON.parse(value!.toString()) as { readonly N: number },
  );
  return values.map(({ N }) => N).sort((a, b) => a - b);
}

/** All records of a source's topic (or of a topic), as `key[start,end)@time value`, in log order. */
export async function consume(engine: Engine, name: string): Promise<string[]> {
  const spec = [...engine.catalog.sources.values()]
    .map((source) => source.spec)
    .find((candidate) => candidate.name === name);
  const reader = await engine.node.openReader(spec?.topic ?? name, 'beginning');
  const rows: string[] = [];
  while (!reader.caughtUp) {
    const records = await reader.poll(1000, 100);
    for (const { key, value, timestamp } of records) {
      let text = key?.toString() ?? 'null';
      if (key !== null && spec?.window !== undefined) {
        const isInclusive = spec.window.type === 'SESSION' || spec.window.type === 'SLIDING';
        const isBoth = hasBothBounds(spec.window.type);
        const start = Number(key.readBigInt64BE(key.length - 8));
        const end = isBoth ? Number(key.readBigInt64BE(key.length - 16)) : start + spec.window.sizeMs!;
        text = `${key.subarray(0, isBoth ? -16 : -8).toString()}[${start},${end}${isInclusive ? ']' : ')'}`;
      }
      rows.push(`${text}@${timestamp} ${value?.toString() ?? 'null'}`);
    }
  }
  reader.close();
  return rows;
}
