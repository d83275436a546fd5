import type { CstNode, IToken } from 'chevrotain';
import type { Source, Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { InternalError } from '../util/internal-error.ts';
import { intervalMs } from './intervals.ts';
import type { Duration, Name, TypeNode } from './expressions.ts';
import type { PropertyNode } from './query.ts';

/** Reads a node of the concrete syntax tree: its children by rule or token name, and the source text for spans. */
export class Cst {
  readonly node: CstNode;
  readonly source: Source;

  constructor(node: CstNode, source: Source) {
    this.node = node;
    this.source = source;
  }

  has(name: string): boolean {
    return this.node.children[name] !== undefined;
  }

  all(rule: string): Cst[] {
    return ((this.node.children[rule] ?? []) as CstNode[]).map((node) => new Cst(node, this.source));
  }

  maybe(rule: string): Cst | undefined {
    return this.all(rule)[0];
  }

  one(rule: string): Cst {
    const cst = this.maybe(rule);
    if (cst === undefined) throw new InternalError(`${this.node.name} has no ${rule}`);
    return cst;
  }

  tokens(name: string): IToken[] {
    return (this.node.children[name] ?? []) as IToken[];
  }

  token(name: string): IToken {
    const token = this.tokens(name)[0];
    if (token === undefined) throw new InternalError(`${this.node.name} has no token ${name}`);
    return token;
  }

  /** The tokens directly below this node, in source order. */
  ownTokens(): IToken[] {
    const tokens = Object.values(this.node.children)
      .flat()
      .filter((child): child is IToken => 'image' in child);
    return tokens.sort((a, b) => a.startOffset - b.startOffset);
  }

  get span(): Span {
    const { startOffset = 0, endOffset = startOffset - 1 } = this.node.location ?? {};
    return {
      source: this.source,
      start: startOffset,
      end: (Number.isNaN(endOffset) ? startOffset - 1 : (endOffset ?? startOffset - 1)) + 1,
    };
  }

  spanOf(token: IToken): Span {
    return { source: this.source, start: token.startOffset, end: (token.endOffset ?? token.startOffset) + 1 };
  }

  name(index = 0): Name {
    const cst = this.all('name')[index];
    if (cst === undefined) throw new InternalError(`${this.node.name} has no name ${index}`);
    return cst.asName();
  }

  asName(): Name {
    const token = this.token('Name');
    return { text: nameText(token.image), span: this.spanOf(token) };
  }
}

/**
 * The name that a token means: unquoted names fold to upper case; quoted ones (either kind of quote, doubled to escape) keep
 * their case.
 */
export function nameText(image: string): string {
  if (image.startsWith('`')) return image.slice(1, -1).replaceAll('``', '`');
  if (image.startsWith('"')) return image.slice(1, -1).replaceAll('""', '"');
  return image.toUpperCase();
}

export function stringText(image: string): string {
  return image.slice(1, -1).replaceAll("''", "'");
}

/** The name of a topic or subject, which keeps its case even when unquoted. */
export function resourceText(cst: Cst): string {
  const token = cst.ownTokens()[0]!;
  if (token.tokenType.name === 'StringLiteral') return stringText(token.image);
  return /^[`"]/.test(token.image) ? nameText(token.image) : token.image;
}

export function versionText(cst: Cst): string {
  const token = cst.ownTokens()[0]!;
  return token.tokenType.name === 'StringLiteral' ? stringText(token.image) : nameText(token.image);
}

export const durationOf = (cst: Cst): Duration =>
  durationFrom(cst.token('IntegerLiteral').image, cst.token('Unit').image.toUpperCase(), cst.span);

function durationFrom(number: string, unit: string, span: Span): Duration {
  const ms = intervalMs({ amount: Number(number), unit, span });
  if (!Number.isSafeInteger(ms))
    throw new SqlError('NUMBER_OUT_OF_RANGE', span, { text: number, range: 'milliseconds below 2^53' });
  return { ms, text: `${number} ${unit}` };
}

/** An interval as written: an amount that it can have, or text that is none. */
export function intervalText(cst: Cst): { text: string; unit: string } {
  const quoted = cst.tokens('StringLiteral')[0];
  const text = quoted === undefined ? cst.token('IntegerLiteral').image : stringText(quoted.image).trim();
  const within = /^(.*\d)\s*(MILLISECOND|SECOND|MINUTE|HOUR|DAY|WEEK|MONTH|QUARTER|YEAR)(S?)$/i.exec(text);
  if (within !== null) return { text: within[1]!, unit: `${within[2]!}${within[3]!}`.toUpperCase() };
  const unit = cst.ownTokens().find((token, i) => i > 1 && token !== quoted);
  if (unit === undefined) throw intervalRefused(text, cst);
  return { text, unit: unit.image.toUpperCase() };
}

const intervalRefused = (text: string, { span }: Cst): SqlError =>
  new SqlError('INTERVAL_INVALID', span, {
    why: `'${text}' is no whole number of one unit`,
    hint: "Write units one by one: time + INTERVAL '1' MONTH + INTERVAL '2' DAYS.",
  });

export function intervalOf(cst: Cst): { amount: number; unit: string } {
  const { text, unit } = intervalText(cst);
  if (!/^\d{1,15}$/.test(text)) throw intervalRefused(text, cst);
  return { amount: Number(text), unit };
}

/** A duration, or an interval that stands for one. */
export function lengthOf(cst: Cst): Duration {
  const duration = cst.maybe('duration');
  if (duration !== undefined) return durationOf(duration);
  const interval = cst.one('interval');
  const { amount, unit } = intervalOf(interval);
  return durationFrom(`${amount}`, unit, interval.span);
}

export function typeOf(cst: Cst): TypeNode {
  const base = baseType(cst);
  const postfix = cst.tokens('ARRAY').length - (cst.has('Less') && !cst.has('STRUCT') && !cst.has('MAP') ? 1 : 0);
  let type = base;
  for (let i = 0; i < postfix; i++) type = { kind: 'array', element: type, span: cst.span };
  return type;
}

/** Other names of DECIMAL. */
const isDecimalName = (name: string): boolean => name === 'NUMERIC' || name === 'DEC';

function baseType(cst: Cst): TypeNode {
  const span = cst.span;
  if (cst.has('MAP'))
    return { kind: 'map', key: typeOf(cst.all('type')[0]!), value: typeOf(cst.all('type')[1]!), span };
  if (cst.has('STRUCT')) {
    const fields = cst
      .all('structField')
      .map((field) => ({ name: field.name().text, type: typeOf(field.one('type')) }));
    return { kind: 'struct', fields, span };
  }
  if (cst.has('DECIMAL')) {
    const [precision, scale] = cst.tokens('IntegerLiteral').map((token) => Number(token.image));
    return { kind: 'decimal', precision: precision!, scale: scale ?? 0, span };
  }
  if (cst.has('Less')) return { kind: 'array', element: typeOf(cst.one('type')), span };
  const { text } = cst.name();
  const sizes = cst.tokens('IntegerLiteral').map((token) => Number(token.image));
  if (sizes.length > 0 && isDecimalName(text)) return { kind: 'sized', name: text, sizes, span };
  return { kind: 'named', name: text, span };
}

/** The properties of a WITH clause; a repeated name is an error. Names are folded to upper case unless `keepCase` is set. */
export const propertiesOf = (cst: Cst | undefined, keepCase = false): PropertyNode[] =>
  cst === undefined ? [] : propertiesIn(cst, keepCase);

/** The options of a list in parentheses. */
export function propertiesIn(cst: Cst, keepCase = false): PropertyNode[] {
  const properties: PropertyNode[] = [];
  for (const property of cst.one('propertyList').all('property')) {
    const name = optionName(property.one('optionName'), keepCase);
    if (properties.some((other) => other.name === name))
      throw new SqlError('DUPLICATE_PROPERTY', property.span, { name });
    properties.push({ name, value: propertyValue(property), span: property.span });
  }
  return properties;
}

function optionName(cst: Cst, keepCase: boolean): string {
  const quoted = cst.tokens('StringLiteral')[0];
  if (quoted === undefined) return cst.has('CONNECTOR') ? 'CONNECTOR' : cst.name().text;
  return keepCase ? stringText(quoted.image) : stringText(quoted.image).toUpperCase();
}

/** The names of options in a list that has no values. */
export const optionNamesIn = (cst: Cst): Name[] =>
  cst.all('optionName').map((each) => ({ text: optionName(each, false), span: each.span }));

/** The value of an option: a literal or a duration. */
export function propertyValue(property: Cst): PropertyNode['value'] {
  const duration = property.maybe('duration');
  if (duration !== undefined) return durationOf(duration).text;
  const token = property.one('literal').ownTokens()[0]!;
  const sign = property.has('Minus') ? -1 : 1;
  switch (token.tokenType.name) {
    case 'StringLiteral':
      return stringText(token.image);
    case 'TRUE':
      return true;
    case 'FALSE':
      return false;
    case 'NULL':
      return null;
    default:
      return sign * Number(token.image);
  }
}
