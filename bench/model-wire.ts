import { ModelService } from '../src/adapters/models/model-service.ts';
import { array, DOUBLE, type Row } from '../src/types/sql-type.ts';
import { InternalError } from '../src/util/internal-error.ts';
import { openScoreServer } from './score-server.ts';

/** CPU microseconds a row of scoring embeddings on a server of the Open Inference Protocol, as JSON and as bytes, in turns. */
export async function benchModelWire({
  events,
  size,
  rounds,
}: {
  readonly events: string;
  readonly size: string | undefined;
  readonly rounds: string;
}): Promise<void> {
  const [calls, width] = [Math.ceil(Number(events) / 256), Number(size ?? 256)];
  const rows = Array.from({ length: 256 }, (_, i): Row => [Array.from({ length: width }, (_, k) => Math.sin(i * k))]);
  const server = await openScoreServer(0);
  const columns = { input: [{ name: 'X', type: array(DOUBLE) }], output: [{ name: 'Y', type: DOUBLE }] };
  const best: Record<string, number> = {};
  for (let round = 0; round < Number(rounds); round++)
    for (const binary of ['false', 'true']) {
      const models = new ModelService();
      const options = {
        PROVIDER: 'OIP-V2',
        ENDPOINT: server.endpoint,
        MODEL_NAME: 'm',
        BINARY: binary,
        VALIDATE: 'OFF',
      };
      const versions = [{ version: 1, options }];
      await models.put({ name: 'M', ...columns, comment: undefined, versions, defaultVersion: 1, statement: '' });
      const score = async (): Promise<void> => {
        const [first] = await models.score('M', undefined, rows);
        if (first!.outputs === undefined) throw new InternalError(first!.cause);
      };
      for (let call = 0; call < 20; call++) await score();
      const begun = process.cpuUsage();
      for (let call = 0; call < calls; call++) await score();
      const { user, system } = process.cpuUsage(begun);
      const perRow = (user + system) / (calls * rows.length);
      best[binary] = Math.min(best[binary] ?? Infinity, perRow);
      await models.close();
    }
  server.close();
  const [json, bytes] = [best['false']!, best['true']!];
  console.log(
    JSON.stringify({
      bench: 'model-wire',
      width,
      json_cpu_us_a_row: Number(json.toFixed(2)),
      binary_cpu_us_a_row: Number(bytes.toFixed(2)),
      times: Number((json / bytes).toFixed(1)),
    }),
  );
}
