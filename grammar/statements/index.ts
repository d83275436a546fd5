import type { StatementRule } from '../rule.ts';
import { alterModel } from './alter-model.ts';
import { alterSource } from './alter-source.ts';
import { alterSystem } from './alter-system.ts';
import { assertSchema, assertSource, assertTopic, assertValues } from './assert.ts';
import { createConnector, describeConnector, dropConnector, showConnectors } from './connectors.ts';
import { createFeatureView } from './create-feature-view.ts';
import { createModel } from './create-model.ts';
import { createSource } from './create-source.ts';
import { deleteRow } from './delete.ts';
import { describe } from './describe.ts';
import { dropFeatureView } from './drop-feature-view.ts';
import { dropModel } from './drop-model.ts';
import { dropSource } from './drop-source.ts';
import { explain } from './explain.ts';
import { insert } from './insert.ts';
import { print } from './print.ts';
import { queryControl } from './query-control.ts';
import { select } from './select.ts';
import { define, setProperty, undefine, unsetProperty } from './settings.ts';
import { show } from './show.ts';
import { createType, dropType } from './types.ts';
import { unsupported } from './unsupported.ts';

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
  describe,
  setProperty,
  unsetProperty,
  define,
  undefine,
  createModel,
  alterModel,
  dropModel,
  createFeatureView,
  dropFeatureView,
  createType,
  dropType,
  alterSource,
  alterSystem,
  assertTopic,
  assertSchema,
  assertValues,
  assertSource,
  deleteRow,
  createConnector,
  dropConnector,
  describeConnector,
  showConnectors,
  unsupported,
];
