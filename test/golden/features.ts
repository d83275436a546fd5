import { SqlError } from '../../src/diagnostics/sql-error.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { onlineFeatures } from '../../src/engine/online-features.ts';
import { jsonWriter } from '../../src/types/json-text.ts';

/**
 * What /get-online-features gives of an entity, `@now id=a other=b`: each feature with its value, its status and its time. The
 * features are `view:feature,view:feature`.
 */
export async function featuresText(engine: Engine, features: string, line: string): Promise<string> {
  const [now, ...pairs] = line.split(' ');
  const entities = Object.fromEntries(
    pairs.map((pair): [string, string[]] => {
      const at = pair.indexOf('=');
      return [pair.slice(0, at), [pair.slice(at + 1)]];
    }),
  );
  try {
    const request = { features: features.split(','), entities, fullFeatureNames: false };
    const columns = await onlineFeatures(request, engine, Number(now!.slice(1)));
    return columns
      .slice(pairs.length)
      .map(({ name, type, values, statuses, eventTimestamps }) => {
        const value = jsonWriter(type, { isoTimes: true })(values[0]!);
        return `${name}=${value} ${statuses[0]!}@${Date.parse(eventTimestamps[0]!)}`;
      })
      .join(', ');
  } catch (error) {
    if (error instanceof SqlError) return `! ${error.code}: ${error.message.split('\n')[0]!}`;
    throw error;
  }
}
