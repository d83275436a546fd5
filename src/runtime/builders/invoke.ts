import { createHash } from 'node:crypto';
import { shadowTopic } from '../../types/model-versions.ts';
import { BIGINT, DOUBLE, STRING, struct, type Row } from '../../types/sql-type.ts';
import { json } from '../../formats/json.ts';
import type { StepOf } from '../../plan/physical/step.ts';
import type { StepColumn } from '../../plan/physical/steps/base.ts';
import { Bytes } from '../../util/bytes.ts';
import { InternalError } from '../../util/internal-error.ts';
import { Invoke, type InvokeOptions } from '../operators/invoke.ts';
import type { ModelHost, Scored } from '../ports/model-host.ts';
import type { BuildContext, Builder } from './context.ts';
import { projection } from './expressions.ts';

export const invoke: Builder<'invoke'> = (step, context) =>
  new Invoke(modelsOf(context), projection(step.args, context), invokeOptionsOf(step, context));

export function modelsOf({ models }: BuildContext): ModelHost {
  if (models === undefined) throw new InternalError('a query with INVOKE MODEL was built without a model host');
  return models;
}

type Call = StepOf<'invoke' | 'invokeUnordered'>;

/** What both kinds of invocation are built with. */
export function invokeOptionsOf(step: Call, context: BuildContext): InvokeOptions {
  const { model, version, routeBy, options, outputs, told } = step;
  return {
    model,
    version,
    routeBy: routeBy.length === 0 ? undefined : projection(routeBy, context),
    outputs: outputs.length - told,
    told,
    options: Object.keys(options).length === 0 ? undefined : options,
    position: context.position,
    report: context.report,
    deadLetter: context.deadLetter,
    shadowed: shadowWriter(step, context),
    rowJson: rowJson(step.input.columns),
  };
}

/** Makes records of what shadows answered. */
function shadowWriter({ model, outputs, told }: Call, { shadow }: BuildContext): InvokeOptions['shadowed'] {
  if (shadow === undefined) return undefined;
  const answer = struct(outputs.slice(0, -told).map(({ output, type }) => ({ name: output, type })));
  const json = rowJson(
    Object.entries({
      MODEL: STRING,
      ROUTE_KEY: STRING,
      INPUTS: STRING,
      VERSION: BIGINT,
      OUTPUT: answer,
      ERROR: STRING,
      LATENCY_MS: DOUBLE,
      SHADOW_VERSION: BIGINT,
      SHADOW_OUTPUT: answer,
      SHADOW_ERROR: STRING,
      SHADOW_LATENCY_MS: DOUBLE,
    }).map(([name, type]) => ({ name, type })),
  );
  const parts = ({ version, outputs, error, latencyMs }: Scored): Row => [
    version,
    outputs ?? null,
    error ?? null,
    latencyMs,
  ];
  return (key, row, primary, second, timestamp) =>
    shadow({
      topic: shadowTopic(model),
      key,
      value: json([model, key, inputsHash(row), ...parts(primary), ...parts(second)]),
      timestamp,
    });
}

/** Tells whether two rows had the same inputs, and nothing of what these were. */
const inputsHash = (row: Row): string =>
  createHash('sha256')
    .update(JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value)))
    .digest('hex')
    .slice(0, 32);

/** A function that writes a row as a JSON object by column name. */
function rowJson(columns: readonly Pick<StepColumn, 'name' | 'type'>[]): (row: Row) => Buffer {
  const encode = json.encoder(
    columns.map(({ name, type }, slot) => ({ name, type, slot })),
    { wrap: true, delimiter: ',' },
  );
  return (row) => {
    const out = new Bytes();
    encode(row, out);
    return out.from(0);
  };
}
