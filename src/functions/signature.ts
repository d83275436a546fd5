import {
  array,
  BIGINT,
  BOOLEAN,
  BYTES,
  DATE,
  DOUBLE,
  INTEGER,
  map,
  STRING,
  struct,
  TIME,
  TIMESTAMP,
  type SqlType,
  type StructField,
} from '../types/sql-type.ts';
import { InternalError } from '../util/internal-error.ts';

/** The type of a parameter: a SQL type, a generic such as T, any DECIMAL, a lambda, a time unit, or any type. */
export type ParamType =
  | { readonly kind: 'exact'; readonly type: SqlType }
  | { readonly kind: 'generic'; readonly name: string }
  | { readonly kind: 'anyDecimal' }
  | { readonly kind: 'any' }
  | { readonly kind: 'unit' }
  | { readonly kind: 'array'; readonly element: ParamType }
  | { readonly kind: 'map'; readonly key: ParamType; readonly value: ParamType }
  | { readonly kind: 'struct'; readonly fields: readonly { readonly name: string; readonly type: ParamType }[] }
  | { readonly kind: 'lambda'; readonly params: readonly ParamType[]; readonly returns: ParamType };

export interface Param {
  readonly name: string;
  readonly type: ParamType;
  readonly variadic: boolean;
  /** The argument must be a literal, because the function is built with its value. */
  readonly constant: boolean;
}

const simple: Record<string, SqlType> = { BOOLEAN, INTEGER, BIGINT, DOUBLE, STRING, BYTES, DATE, TIME, TIMESTAMP };

/**
 * Parses `input STRING, length INTEGER, more T..., k const INTEGER, f (T) => R`: names and types, `...` for a variadic
 * parameter, `const` for one that must be a literal. A single capital letter is a generic, `DECIMAL` any decimal, `UNIT` a time
 * unit.
 */
export function parseParams(text: string): Param[] {
  const reader = new Reader(text);
  const params: Param[] = [];
  while (!reader.done) {
    const name = reader.word();
    const constant = reader.takeWord('const');
    const type = reader.type();
    params.push({ name, type, variadic: reader.take('...'), constant });
    if (!reader.done) reader.expect(',');
  }
  return params;
}

export function parseParamType(text: string): ParamType {
  return new Reader(text).type();
}

class Reader {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = text.match(/\.\.\.|=>|[A-Za-z_][A-Za-z_0-9]*|\d+|[<>(),]/g) ?? [];
  }

  get done(): boolean {
    return this.#at >= this.#tokens.length;
  }

  word(): string {
    return this.#tokens[this.#at++] ?? '';
  }

  take(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at++;
    return true;
  }

  takeWord(word: string): boolean {
    return this.take(word);
  }

  expect(token: string): void {
    if (!this.take(token)) throw new InternalError(`signature: "${token}" expected in ${this.#tokens.join(' ')}`);
  }

  type(): ParamType {
    if (this.take('(')) {
      const params: ParamType[] = [];
      do params.push(this.type());
      while (this.take(','));
      this.expect(')');
      this.expect('=>');
      return { kind: 'lambda', params, returns: this.type() };
    }
    const word = this.word();
    const known = simple[word];
    if (known !== undefined) return { kind: 'exact', type: known };
    if (word === 'DECIMAL') return this.#decimal();
    if (word === 'ANY') return { kind: 'any' };
    if (word === 'UNIT') return { kind: 'unit' };
    if (word === 'ARRAY' || word === 'MAP' || word === 'STRUCT') return this.#collection(word);
    if (/^[A-Z]$/.test(word)) return { kind: 'generic', name: word };
    throw new InternalError(`signature: no type ${word}`);
  }

  #decimal(): ParamType {
    if (!this.take('(')) return { kind: 'anyDecimal' };
    const precision = Number(this.word());
    this.expect(',');
    const scale = Number(this.word());
    this.expect(')');
    return { kind: 'exact', type: { kind: 'DECIMAL', precision, scale } };
  }

  #collection(word: 'ARRAY' | 'MAP' | 'STRUCT'): ParamType {
    this.expect('<');
    if (word === 'ARRAY') {
      const element = this.type();
      this.expect('>');
      return { kind: 'array', element };
    }
    if (word === 'MAP') {
      const key = this.type();
      this.expect(',');
      const value = this.type();
      this.expect('>');
      return { kind: 'map', key, value };
    }
    const fields: { name: string; type: ParamType }[] = [];
    do fields.push({ name: this.word(), type: this.type() });
    while (this.take(','));
    this.expect('>');
    return { kind: 'struct', fields };
  }
}

export type Bindings = Map<string, SqlType>;

/** The SQL type of a parameter with its generics bound; undefined while a generic is unbound. */
export function substitute(param: ParamType, bindings: Bindings): SqlType | undefined {
  switch (param.kind) {
    case 'exact':
      return param.type;
    case 'generic':
      return bindings.get(param.name);
    case 'anyDecimal':
      return bindings.get('DECIMAL');
    case 'array': {
      const element = substitute(param.element, bindings);
      return element && array(element);
    }
    case 'map': {
      const key = substitute(param.key, bindings);
      const value = substitute(param.value, bindings);
      return key && value && map(key, value);
    }
    case 'struct': {
      const fields: StructField[] = [];
      for (const field of param.fields) {
        const type = substitute(field.type, bindings);
        if (type === undefined) return undefined;
        fields.push({ name: field.name, type });
      }
      return struct(fields);
    }
    default:
      return undefined;
  }
}

export function paramTypeText(type: ParamType): string {
  switch (type.kind) {
    case 'exact':
      return type.type.kind === 'DECIMAL' ? `DECIMAL(${type.type.precision}, ${type.type.scale})` : type.type.kind;
    case 'generic':
      return type.name;
    case 'anyDecimal':
      return 'DECIMAL';
    case 'any':
      return 'ANY';
    case 'unit':
      return 'INTERVALUNIT';
    case 'array':
      return `ARRAY<${paramTypeText(type.element)}>`;
    case 'map':
      return `MAP<${paramTypeText(type.key)}, ${paramTypeText(type.value)}>`;
    case 'struct':
      return `STRUCT<${type.fields.map((field) => `${field.name} ${paramTypeText(field.type)}`).join(', ')}>`;
    case 'lambda':
      return `LAMBDA(${type.params.map(paramTypeText).join(', ')} => ${paramTypeText(type.returns)})`;
  }
}
