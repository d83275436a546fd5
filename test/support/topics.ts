import type { Engine } from '../../src/engine/engine.ts';

/** All records of a source's topic (or of a topic), as `key[start,end)@time value`, in the order of the log. */
export async function consume(engine: Engine, name: string): Promise<string[]> {
  const spec = [...engine.catalog.sources.values()].map((source) => source.spec).find((each) => each.name === name);
  const reader = await engine.node.openReader(spec?.topic ?? name, 'beginning');
  const rows: string[] = [];
  while (!reader.caughtUp) {
    const records = await reader.poll(1000, 100);
    for (const { key, value, timestamp } of records) {
      let text = key?.toString() ?? 'null';
      if (key !== null && spec?.window !== undefined) {
        const isSession = spec.window.type === 'SESSION';
        const start = Number(key.readBigInt64BE(key.length - 8));
        const end = isSession ? Number(key.readBigInt64BE(key.length - 16)) : start + spec.window.sizeMs!;
        text = `${key.subarray(0, isSession ? -16 : -8).toString()}[${start},${end}${isSession ? ']' : ')'}`;
      }
      rows.push(`${text}@${timestamp} ${value?.toString() ?? 'null'}`);
    }
  }
  reader.close();
  return rows;
}
