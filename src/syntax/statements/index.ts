import { alterFeatureView, materialize, type AlterFeatureView, type Materialize } from './alter-feature-view.ts';
import { alterSource, alterSystem, type AlterSource, type AlterSystem } from './alter-source.ts';
import {
  assertSchema,
  assertSource,
  assertTopic,
  assertValues,
  type AssertSchema,
  type AssertSource,
  type AssertTopic,
  type AssertValues,
} from './assert.ts';
import { backfill, type Backfill } from './backfill.ts';
import {
  createConnector,
  describeConnector,
  dropConnector,
  showConnectors,
  type CreateConnector,
  type DescribeConnector,
  type DropConnector,
  type ShowConnectors,
} from './connectors.ts';
import { createSource, type CreateSource } from './create-source.ts';
import { deleteEntity, deleteRow, type DeleteEntity, type DeleteRow } from './delete.ts';
import { describe, type Describe } from './describe.ts';
import { dropSource, type DropSource } from './drop-source.ts';
import { explain, type Explain } from './explain.ts';
import { createFeatureView, dropFeatureView, type CreateFeatureView, type DropFeatureView } from './feature-views.ts';
import {
  createFeatureService,
  dropFeatureService,
  type CreateFeatureService,
  type DropFeatureService,
} from './feature-services.ts';
import { insert, type Insert } from './insert.ts';
import { alterModel, createModel, dropModel, type AlterModel, type CreateModel, type DropModel } from './models.ts';
import { createMonitor, dropMonitor, type CreateMonitor, type DropMonitor } from './monitors.ts';
import { printTopic, type PrintTopic } from './print-topic.ts';
import { queryControl, type QueryControl } from './query-control.ts';
import { select, type Select } from './select.ts';
import {
  define,
  setProperty,
  undefine,
  unsetProperty,
  type Define,
  type SetProperty,
  type Undefine,
  type UnsetProperty,
} from './settings.ts';
import type { StatementShape } from './shape.ts';
import { show, type Show } from './show.ts';
import { showCreate, type ShowCreate } from './show-create.ts';
import { summarize, type Summarize } from './summarize.ts';
import { createTrainingSet, dropTrainingSet, type CreateTrainingSet, type DropTrainingSet } from './training-sets.ts';
import { createType, dropType, type CreateType, type DropType } from './types.ts';
import { verifyFeatureView, type VerifyFeatureView } from './verify.ts';
import { createView, dropView, type CreateView, type DropView } from './views.ts';

export type Statement =
  | CreateSource
  | DropSource
  | Insert
  | Select
  | PrintTopic
  | QueryControl
  | Explain
  | Show
  | ShowCreate
  | Describe
  | Summarize
  | SetProperty
  | UnsetProperty
  | Define
  | Undefine
  | CreateModel
  | AlterModel
  | DropModel
  | CreateFeatureView
  | AlterFeatureView
  | DropFeatureView
  | Materialize
  | CreateFeatureService
  | DropFeatureService
  | CreateTrainingSet
  | DropTrainingSet
  | VerifyFeatureView
  | Backfill
  | CreateMonitor
  | DropMonitor
  | CreateType
  | DropType
  | CreateView
  | DropView
  | AlterSource
  | AlterSystem
  | AssertTopic
  | AssertSchema
  | AssertValues
  | AssertSource
  | DeleteEntity
  | DeleteRow
  | CreateConnector
  | DropConnector
  | DescribeConnector
  | ShowConnectors;

type Shapes = { readonly [K in Statement['kind']]: StatementShape<Extract<Statement, { kind: K }>> };

/** How each statement is built and printed; a kind without an entry does not compile. */
export const shapes: Shapes = {
  createSource,
  dropSource,
  insert,
  select,
  print: printTopic,
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
};

export function printStatement(statement: Statement): string {
  return (shapes[statement.kind] as StatementShape<Statement>).print(statement);
}
