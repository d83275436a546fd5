import type { Row } from '../../types/sql-type.ts';
import { json } from '../../formats/json.ts';
import type { StepColumn } from '../../plan/physical/steps/base.ts';
import { Bytes } from '../../util/bytes.ts';
import { InternalError } from '../../util/internal-error.ts';
import { Invoke } from '../operators/invoke.ts';
import type { Builder } from './context.ts';
import { projection } from './expressions.ts';

export const invoke: Builder<'invoke'> = (step, context) => {
  if (context.models === undefined) throw new InternalError('a query with INVOKE MODEL was built without a model host');
  const { model, version, onError, outputs } = step;
  return new Invoke(context.models, projection(step.args, context), {
    model,
    version,
    outputs: outputs.length - 3,
    onError,
    position: context.position,
    report: context.report,
    deadLetter: context.deadLetter,
    rowJson: rowJson(step.input.columns),
  });
};

/** A row as JSON, its columns by name. */
function rowJson(columns: readonly StepColumn[]): (row: Row) => Buffer {
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
