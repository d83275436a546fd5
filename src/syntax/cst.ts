import type { CstNode, IToken } from 'chevrotain';
import type { Source, Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import { InternalError } from '../util/internal-error.ts';
import type { Name, TypeNode } from './expressions.ts';
import type { Duration, PropertyNode } from './query.ts';

/** Reads one concrete syntax tree: its children by rule or token name, with the source that spans point into. */
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

  /** Every token of this node itself, in source order. */
  ownTokens(): IToken[] {
    const found = Object.values(this.node.children)
      .flat()
      .filter((child): child is IToken => 'image' in child);
    return found.sort((a, b) => a.startOffset - b.startOffset);
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

/** Unquoted names fold to upper case; quotes of either kind keep the case and are escaped by doubling. */
export function nameText(image: string): string {
  if (image.startsWith('`')) return image.slice(1, -1).replaceAll('``', '`');
  if (image.startsWith('"')) return image.slice(1, -1).replaceAll('""', '"');
  return image.toUpperCase();
}

export function stringText(image: string): string {
  return image.slice(1, -1).replaceAll("''", "'");
}

/** A topic or subject: case kept even when unquoted. */
export function resourceText(cst: Cst): string {
  const token = cst.ownTokens()[0]!;
  if (token.tokenType.name === 'StringLiteral') return stringText(token.image);
  return /^[`"]/.test(token.image) ? nameText(token.image) : token.image;
}

export function versionText(cst: Cst): string {
  const token = cst.ownTokens()[0]!;
  return token.tokenType.name === 'StringLiteral' ? stringText(token.image) : nameText(token.image);
}

const unitMs: Record<string, number> = {
  MILLISECOND: 1,
  SECOND: 1000,
  MINUTE: 60_000,
  HOUR: 3_600_000,
  DAY: 86_400_000,
};

/** Milliseconds of one unit word, singular or plural. */
function unitLength(word: string): number {
  return unitMs[word.toUpperCase().replace(/S$/, '')]!;
}

export function durationOf(cst: Cst): Duration {
  const number = cst.token('IntegerLiteral').image;
  const unit = cst.token('Unit').image.toUpperCase();
  const ms = Number(number) * unitLength(unit);
  if (!Number.isSafeInteger(ms))
    throw new SqlError('NUMBER_OUT_OF_RANGE', cst.span, { text: number, range: 'milliseconds below 2^53' });
  return { ms, text: `${number} ${unit}` };
}

export function typeOf(cst: Cst): TypeNode {
  const base = baseType(cst);
  const postfix = cst.tokens('ARRAY').length - (cst.has('Less') && !cst.has('STRUCT') && !cst.has('MAP') ? 1 : 0);
  let type = base;
  for (let i = 0; i < postfix; i++) type = { kind: 'array', element: type, span: cst.span };
  return type;
}

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
    return { kind: 'decimal', precision: precision!, scale: scale!, span };
  }
  if (cst.has('Less')) return { kind: 'array', element: typeOf(cst.one('type')), span };
  return { kind: 'named', name: cst.name().text, span };
}

/** The properties of a WITH clause; a name given twice is an error. Names are put in upper case unless theirs is to be kept. */
export function propertiesOf(cst: Cst | undefined, keepCase = false): PropertyNode[] {
  const properties: PropertyNode[] = [];
  for (const property of cst?.one('propertyList').all('property') ?? []) {
    const quoted = property.tokens('StringLiteral')[0];
    const name =
      quoted === undefined
        ? property.name().text
        : keepCase
          ? stringText(quoted.image)
          : stringText(quoted.image).toUpperCase();
    if (properties.some((other) => other.name === name))
      throw new SqlError('DUPLICATE_PROPERTY', property.span, { name });
    properties.push({ name, value: propertyValue(property), span: property.span });
  }
  return properties;
}

function propertyValue(property: Cst): PropertyNode['value'] {
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
