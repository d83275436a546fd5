import { implicitlyCastable, commonType } from '../types/casts.ts';
import { sameType, typeText, type SqlType } from '../types/sql-type.ts';
import { paramTypeText, substitute, type Bindings, type Param, type ParamType } from './signature.ts';

/**
 * What is known of an argument before the overload is chosen: a type, NULL, a lambda with an arity, a time unit, or that it is
 * ARRAY[] or MAP(), whose type its parameter tells.
 */
export type ArgumentType =
  | SqlType
  | null
  | { readonly kind: 'LAMBDA'; readonly arity: number }
  | { readonly kind: 'UNIT' }
  | { readonly kind: 'EMPTY'; readonly of: 'ARRAY' | 'MAP' };

interface Signature {
  readonly params: readonly Param[];
  readonly returns: unknown;
}
export interface Resolution<O> {
  readonly overload: O;
  readonly bindings: Bindings;
  /** The parameter of each argument. */
  readonly params: readonly Param[];
}

/**
 * The overload that fits best: exact types before implicit casts; ties go to fewer variadics and generics. Undefined when none
 * fits.
 */
export function resolveOverload<O extends Signature>(
  overloads: readonly O[],
  args: readonly ArgumentType[],
): Resolution<O> | undefined {
  let best: { resolution: Resolution<O>; score: number } | undefined;
  for (const overload of overloads) {
    const params = spread(overload.params, args.length);
    if (params === undefined) continue;
    for (const exact of [true, false]) {
      const bindings: Bindings = new Map();
      if (!params.every((param, i) => accepts(param.type, args[i]!, bindings, exact))) continue;
      const score = rank(overload.params, params, args, exact);
      if (best === undefined || score > best.score) best = { resolution: { overload, bindings, params }, score };
      break;
    }
  }
  return best?.resolution;
}

function rank(
  declared: readonly Param[],
  params: readonly Param[],
  args: readonly ArgumentType[],
  exact: boolean,
): number {
  const variadic = declared.some((param) => param.variadic) ? -100 : 0;
  const generics = params.filter((param) => param.type.kind === 'generic' || param.type.kind === 'any').length;
  const equal = params.filter((param, i) => isExact(param.type, args[i]!)).length;
  return (exact ? 10_000 : 0) + equal * 200 + variadic + declared.length - generics * 10;
}

function isExact(param: ParamType, arg: ArgumentType): boolean {
  return arg !== null && param.kind === 'exact' && arg.kind === param.type.kind;
}

function spread(params: readonly Param[], count: number): Param[] | undefined {
  const at = params.findIndex((param) => param.variadic);
  if (at < 0) return params.length === count ? [...params] : undefined;
  const repeats = count - (params.length - 1);
  if (repeats < 0) return undefined;
  return [...params.slice(0, at), ...Array.from({ length: repeats }, () => params[at]!), ...params.slice(at + 1)];
}

function accepts(param: ParamType, arg: ArgumentType, bindings: Bindings, exact: boolean): boolean {
  if (param.kind === 'lambda') return arg !== null && arg.kind === 'LAMBDA' && arg.arity === param.params.length;
  if (param.kind === 'unit') return arg !== null && arg.kind === 'UNIT';
  if (arg === null) return true;
  if (arg.kind === 'LAMBDA' || arg.kind === 'UNIT') return false;
  if (arg.kind === 'EMPTY')
    return (
      param.kind === 'generic' ||
      (param.kind === 'exact' ? param.type.kind === arg.of : param.kind.toUpperCase() === arg.of)
    );
  switch (param.kind) {
    case 'any':
      return true;
    case 'exact':
      return sameType(param.type, arg) || (!exact && converts(arg, param.type));
    case 'anyDecimal': {
      if (arg.kind !== 'DECIMAL') {
        if (exact || (arg.kind !== 'INTEGER' && arg.kind !== 'BIGINT')) return false;
      }
      const decimal: SqlType =
        arg.kind === 'DECIMAL' ? arg : { kind: 'DECIMAL', precision: arg.kind === 'INTEGER' ? 10 : 19, scale: 0 };
      const bound = bindings.get('DECIMAL');
      bindings.set('DECIMAL', bound === undefined ? decimal : commonType(bound, decimal)!);
      return true;
    }
    case 'generic': {
      const bound = bindings.get(param.name);
      if (bound === undefined || sameType(bound, arg)) {
        bindings.set(param.name, arg);
        return true;
      }
      const common = exact ? undefined : commonType(bound, arg);
      if (common === undefined) return false;
      bindings.set(param.name, common);
      return true;
    }
    case 'array':
      return arg.kind === 'ARRAY' && accepts(param.element, arg.element, bindings, exact);
    case 'map':
      return (
        arg.kind === 'MAP' &&
        accepts(param.key, arg.key, bindings, exact) &&
        accepts(param.value, arg.value, bindings, exact)
      );
    case 'struct':
      return (
        arg.kind === 'STRUCT' &&
        param.fields.length === arg.fields.length &&
        param.fields.every((field, i) => accepts(field.type, arg.fields[i]!.type, bindings, exact))
      );
  }
}

/** ksqlDB's implicit casts of arguments: numbers widen, strings become dates, times, timestamps and bytes. */
function converts(from: SqlType, to: SqlType): boolean {
  if (from.kind === 'STRING')
    return to.kind === 'DATE' || to.kind === 'TIME' || to.kind === 'TIMESTAMP' || to.kind === 'BYTES';
  // Vectors: the elements widen as numbers do.
  if (from.kind === 'ARRAY' && to.kind === 'ARRAY') return implicitlyCastable(from.element, to.element);
  return implicitlyCastable(from, to);
}

/** The type that an argument must be cast to; undefined when it needs no cast. */
export function targetType(param: ParamType, arg: SqlType, bindings: Bindings): SqlType | undefined {
  const type = substitute(param, bindings);
  return type === undefined || sameType(type, arg) ? undefined : type;
}

export function signatureText(name: string, overload: Signature): string {
  const params = overload.params.map(
    (param) => `${param.name} ${paramTypeText(param.type)}${param.variadic ? '...' : ''}`,
  );
  return `${name}(${params.join(', ')})`;
}

export function argumentText(arg: ArgumentType): string {
  if (arg === null) return 'NULL';
  if (arg.kind === 'LAMBDA') return 'LAMBDA';
  if (arg.kind === 'EMPTY') return arg.of;
  return arg.kind === 'UNIT' ? 'INTERVALUNIT' : typeText(arg);
}
