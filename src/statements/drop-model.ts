import { SqlError } from '../diagnostics/sql-error.ts';
import { allSteps, modelCall } from '../plan/physical/step.ts';
import type { DropModel } from '../syntax/statements/models.ts';
import { dropModelVersion, modelOf } from './alter-model.ts';
import { currentStatus, warning, type Handler } from './handler.ts';

export const dropModel: Handler<DropModel> = async (statement, execution) => {
  const { engine, text, distribute } = execution;
  const name = statement.name.text;
  const model = modelOf(statement, execution);
  if (model === undefined) return warning(text, `Model ${name} does not exist.`);
  if (statement.version !== undefined) return dropModelVersion(statement.version, model, statement, execution);
  const users = [...engine.catalog.queries.values()]
    .filter(({ plan }) => allSteps(plan.root).some((step) => modelCall(step)?.model === name))
    .map(({ id }) => id)
    .concat(engine.catalog.servicesCalling(name));
  if (users.length > 0)
    throw new SqlError('SOURCE_IN_USE', statement.name.span, {
      name,
      by: users.join(', '),
      cascades: false,
    });
  const number = await distribute({ v: 1, kind: 'dropModel', name });
  return currentStatus(text, `model/${name}/drop`, `Model ${name} was dropped.`, number);
};
