import type { ModelObject, ModelVersion } from '../../src/types/model.ts';

/** The model M with one version, as CREATE MODEL leaves it. */
export const oneVersion = (columns: Pick<ModelObject, 'input' | 'output'>, version: ModelVersion): ModelObject => ({
  name: 'M',
  ...columns,
  comment: undefined,
  versions: [version],
  defaultVersion: version.version,
  statement: '',
});
