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
    pairs.map((pair): [string, unknown[]] => {
      const at = pair.indexOf('=');
      const value = pair.slice(at + 1);
      return [pair.slice(0, at), [/^(null|\[.*)$/.test(value) ? (JSON.parse(value) as unknown) : value]];
    }),
  );
  try {
    // `service/name` asks for a service, whose columns of the request may stand among the entities.
    const [, service] = /^service\/(.*)/.exec(features) ?? [];
    const asked = service === undefined ? features.split(',') : { service };
    const request = { features: asked, entities, fullFeatureNames: false };
    const columns = await onlineFeatures(request, engine, Number(now!.slice(1)));
    return columns
      .slice(columns.findIndex(({ name }) => !Object.hasOwn(entities, name)))
      .map(({ name, type, values, statuses, eventTimestamps }) => {
        const value = jsonWriter(type, { times: 'exact' })(values[0]!);
        return `${name}=${value} ${statuses[0]!}@${Date.parse(eventTimestamps[0]!)}`;
      })
      .join(', ');
  } catch (error) {
    if (error instanceof SqlError) return `! ${error.code}: ${error.message.split('\n')[0]!}`;
    throw error;
  }
}
