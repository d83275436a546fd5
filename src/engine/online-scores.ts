import type { ServiceInvoke } from '../catalog/catalog.ts';
import { noSpan } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { compileExpression } from '../expressions/compile.ts';
import { isOfServer, type ModelHost, type Scored } from '../runtime/ports/model-host.ts';
import { processingLogTopic, readFailure } from '../runtime/sinks/processing-log.ts';
import type { Row, Value } from '../types/sql-type.ts';
import { InternalError } from '../util/internal-error.ts';
import type { Engine } from './engine.ts';

/** What a model gave for a row of a request, and whether something failed, so that a null means nothing. */
export interface OnlineScore {
  readonly outputs: readonly Value[];
  readonly hasFailed: boolean;
}
/** The rows of a request, and the text of each one's entities, by which a route chooses. */
export interface RequestRows {
  readonly rows: readonly Row[];
  readonly keyOf: (row: number) => string | null;
}
export type Scorer = (request: RequestRows, engine: Engine) => Promise<readonly OnlineScore[]>;

/** Compiles a service's call of a model. All rows of a request are scored in one call. */
export function scorerOf({ model, version, args, outputs }: ServiceInvoke, service: string): Scorer {
  let hasFailed = false;
  const values = args.map((arg) =>
    compileExpression(arg, () => {
      hasFailed = true;
    }),
  );
  const nulls = Array.from({ length: outputs }, () => null);
  return async ({ rows, keyOf }, engine) => {
    const { models } = engine;
    if (models === undefined) throw new InternalError('a feature service calls a model on a node without models');
    const failed = new Set<number>();
    const inputs = rows.map((row, i) => {
      hasFailed = false;
      const input = values.map((value) => value(row));
      if (hasFailed) failed.add(i);
      return input;
    });
    const scored = await models.score(model, version, inputs, { keyOf, shadowed: undefined });
    await log(service, model, scored, engine);
    return scored.map((answer, i) =>
      answer.outputs === undefined
        ? instead(answer, model, models, nulls)
        : { outputs: answer.outputs, hasFailed: failed.has(i) },
    );
  };
}

/** What ON_ERROR makes of a row without a score. No row can leave a request: with DLQ it is as with NULL. */
function instead(
  { version, error, cause }: Scored,
  model: string,
  models: ModelHost,
  nulls: readonly Value[],
): OnlineScore {
  const action = models.onError(model, version);
  if (action === 'DEFAULT') return { outputs: models.defaults(model, version), hasFailed: false };
  if (action !== 'FAIL') return { outputs: nulls, hasFailed: true };
  const why = `${error}: ${cause}`;
  throw new SqlError(isOfServer(error) ? 'MODEL_UNAVAILABLE' : 'MODEL_FAILED', noSpan, { model, version, why });
}

/** Writes a line for each kind of failure to the processing log. A log that cannot be written takes no score from anybody. */
async function log(service: string, model: string, scored: readonly Scored[], engine: Engine): Promise<void> {
  const kinds = new Map<string, string>();
  for (const { version, error, cause } of scored)
    if (error !== undefined)
      kinds.set(`${version} ${error}`, `model "${model}" version ${version}: ${error}: ${cause}`);
  if (kinds.size === 0) return;
  const records = [...kinds.values()].map((message) => readFailure(service, message));
  await engine.node.produce(processingLogTopic(engine.serviceId), records).catch(() => undefined);
}
