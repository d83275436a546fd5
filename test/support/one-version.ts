import { ModelService } from '../../src/adapters/models/model-service.ts';
import type { Scored } from '../../src/runtime/ports/model-host.ts';
import type { ModelObject, ModelVersion } from '../../src/types/model.ts';
import type { Row } from '../../src/types/sql-type.ts';

/** The model M with one version, as CREATE MODEL leaves it. */
export const oneVersion = (columns: Pick<ModelObject, 'input' | 'output'>, version: ModelVersion): ModelObject => ({
  name: 'M',
  ...columns,
  comment: undefined,
  versions: [version],
  defaultVersion: version.version,
  statement: '',
});

/** What a version answers to rows, looked at and loaded as CREATE MODEL does. */
export async function scoredBy(
  version: ModelVersion,
  columns: Pick<ModelObject, 'input' | 'output'>,
  rows: readonly Row[],
): Promise<readonly Scored[]> {
  const models = new ModelService();
  try {
    await models.inspect('M', version, columns);
    await models.put(oneVersion(columns, version));
    return await models.score('M', undefined, rows);
  } finally {
    await models.close();
  }
}
