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
import { deleteRow, type DeleteRow } from './delete.ts';
import { describe, type Describe } from './describe.ts';
import { dropSource, type DropSource } from './drop-source.ts';
import { explain, type Explain } from './explain.ts';
import { createFeatureView, dropFeatureView, type CreateFeatureView, type DropFeatureView } from './feature-views.ts';
import { insert, type Insert } from './insert.ts';
import { alterModel, createModel, dropModel, type AlterModel, type CreateModel, type DropModel } from './models.ts';
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
import { createType, dropType, type CreateType, type DropType } from './types.ts';

export type Statement =
  | CreateSource
  | DropSource
  | Insert
  | Select
  | PrintTopic
  | QueryControl
  | Explain
  | Show
  | Describe
  | SetProperty
  | UnsetProperty
  | Define
  | Undefine
  | CreateModel
  | AlterModel
  | DropModel
  | CreateFeatureView
  | DropFeatureView
  | CreateType
  | DropType
  | AlterSource
  | AlterSystem
  | AssertTopic
  | AssertSchema
  | AssertValues
  | AssertSource
  | DeleteRow
  | CreateConnector
  | DropConnector
  | DescribeConnector
  | ShowConnectors;

type Shapes = { readonly [K in Statement['kind']]: StatementShape<Extract<Statement, { kind: K }>> };

/** How each statement is built and printed; a kind with no entry does not compile. */
export const shapes: Shapes = {
  createSource,
  dropSource,
  insert,
  select,
  print: printTopic,
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
};

export function printStatement(statement: Statement): string {
  return (shapes[statement.kind] as StatementShape<Statement>).print(statement);
}
