import { requireView } from '../bind/context.ts';
import type { SourceObject } from '../catalog/catalog.ts';
import { viewOfName } from '../catalog/version-names.ts';
import { versionsOf } from '../catalog/view-versions.ts';
import type { Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { Engine } from '../engine/engine.ts';
import { eraseEntity } from '../engine/erase-entity.ts';
import { constant, tombstoneOf } from '../engine/insert-values.ts';
import { conjunctsOf, type ExpressionNode } from '../syntax/expressions.ts';
import type { DeleteEntity } from '../syntax/statements/delete.ts';
import { keyColumns } from '../types/schema.ts';
import type { Value } from '../types/sql-type.ts';
import { entity, type Handler } from './handler.ts';

/** DELETE ENTITY … FROM FEATURE VIEW: what was known of an entity is gone from the view in all of its versions, their stores and files. */
export const deleteEntity: Handler<DeleteEntity> = async (statement, { engine, text }) => {
  const { spec } = requireView(engine.catalog, statement.view);
  for (const version of versionsOf(engine.catalog, spec.name)) await deleteFrom(version, statement, engine);
  return entity('entity_deleted', text, { view: viewOfName(spec.name) });
};

async function deleteFrom(view: SourceObject, statement: DeleteEntity, engine: Engine): Promise<void> {
  const { spec, featureView } = view;
  const parts = partsOf(statement, view);
  const { types } = engine.catalog;
  const key = featureView!.entityKey.map((name): Value => {
    const node = parts.get(name)!;
    const { type } = spec.schema.find((column) => column.name === name)!;
    const refuse = refuser(view, node.span);
    try {
      return constant(node, type, name, types) ?? refuse(`${name} is null`);
    } catch (error) {
      if (error instanceof SqlError && error.code === 'INSERT_VALUES')
        return refuse(error.message.replace(/^INSERT: /, ''));
      throw error;
    }
  });
  const isTombstoned = spec.kind === 'TABLE' && spec.window === undefined && hasKeys(view);
  await eraseEntity(
    view,
    key,
    async () => {
      if (isTombstoned) await engine.node.produce(spec.topic, [tombstoneOf(spec, parts, types, statement.span)]);
    },
    statement.span,
    engine,
  );
}

const refuser =
  (view: SourceObject, span: Span) =>
  (why: string): never => {
    const columns = view.featureView!.entityKey.join(', ');
    throw new SqlError('ENTITY_INVALID', span, { view: view.spec.name, why, columns });
  };

const hasKeys = ({ spec, featureView }: SourceObject): boolean =>
  keyColumns(spec.schema).every(({ name }) => featureView!.entityKey.includes(name));

/** The value of each entity column. */
function partsOf({ parts, span }: DeleteEntity, view: SourceObject): ReadonlyMap<string, ExpressionNode> {
  const { entityKey } = view.featureView!;
  const refuse = refuser(view, span);
  const values = new Map<string, ExpressionNode>();
  const named = parts.flatMap(conjunctsOf).map((part) => pairOf(part));
  if (named.some((pair) => pair !== undefined)) {
    for (const [i, pair] of named.entries()) {
      const at = parts.flatMap(conjunctsOf)[i]!.span;
      if (pair === undefined)
        return refuser(view, at)('it has columns with their values, and a value without a column');
      const [name, node] = pair;
      if (!entityKey.includes(name)) return refuser(view, at)(`${name} is not one of its columns`);
      if (values.has(name)) return refuser(view, at)(`${name} is there twice`);
      values.set(name, node);
    }
  } else {
    if (parts.length > entityKey.length) return refuser(view, parts[entityKey.length]!.span)('it has too many values');
    for (const [i, part] of parts.entries()) values.set(entityKey[i]!, part);
  }
  const missing = entityKey.filter((name) => !values.has(name));
  if (missing.length > 0) return refuse(`it does not say which ${missing.join(', ')}`);
  return values;
}

/** A column and its value, from `column = value` in either order. */
function pairOf(part: ExpressionNode): readonly [string, ExpressionNode] | undefined {
  if (part.kind !== 'compare' || part.op !== '=') return undefined;
  if (part.left.kind === 'column') return [part.left.name.text, part.right];
  return part.right.kind === 'column' ? [part.right.name.text, part.left] : undefined;
}
