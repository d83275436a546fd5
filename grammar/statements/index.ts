import type { StatementRule } from '../rule.ts';
import { alterFeatureView, materialize } from './alter-feature-view.ts';
import { alterModel } from './alter-model.ts';
import { alterSource } from './alter-source.ts';
import { alterSystem } from './alter-system.ts';
import { assertSchema, assertSource, assertTopic, assertValues } from './assert.ts';
import { backfill } from './backfill.ts';
import { createConnector, describeConnector, dropConnector, showConnectors } from './connectors.ts';
import { createFeatureView } from './create-feature-view.ts';
import { createModel } from './create-model.ts';
import { createSource } from './create-source.ts';
import { deleteEntity, deleteRow } from './delete.ts';
import { describe } from './describe.ts';
import { dropFeatureView } from './drop-feature-view.ts';
import { dropModel } from './drop-model.ts';
import { dropSource } from './drop-source.ts';
import { explain } from './explain.ts';
import { createFeatureService, dropFeatureService } from './feature-services.ts';
import { insert } from './insert.ts';
import { createMonitor, dropMonitor } from './monitors.ts';
import { print } from './print.ts';
import { queryControl } from './query-control.ts';
import { select } from './select.ts';
import { define, setProperty, undefine, unsetProperty } from './settings.ts';
import { show } from './show.ts';
import { showCreate } from './show-create.ts';
import { summarize } from './summarize.ts';
import { createType, dropType } from './types.ts';
import { createTrainingSet, dropTrainingSet } from './training-sets.ts';
import { verifyFeatureView } from './verify.ts';
import { createView, dropView } from './views.ts';

/** Every statement's rule. */
export const statementRules: readonly StatementRule[] = [
  createSource,
  dropSource,
  insert,
  select,
  print,
  queryControl,
  explain,
  show,
  showCreate,
  describe,
  summarize,
  setProperty,
  unsetProperty,
  define,
  undefine,
  createModel,
  alterModel,
  dropModel,
  createFeatureView,
  alterFeatureView,
  dropFeatureView,
  materialize,
  createFeatureService,
  dropFeatureService,
  createTrainingSet,
  dropTrainingSet,
  verifyFeatureView,
  backfill,
  createMonitor,
  dropMonitor,
  createType,
  dropType,
  createView,
  dropView,
  alterSource,
  alterSystem,
  assertTopic,
  assertSchema,
  assertValues,
  assertSource,
  deleteEntity,
  deleteRow,
  createConnector,
  dropConnector,
  describeConnector,
  showConnectors,
];
