import { SqlError } from '../../diagnostics/sql-error.ts';
import { refuse } from '../migrate/project.ts';
import { parse, splitScript } from '../../syntax/parse.ts';
import { printStatement, type Statement } from '../../syntax/statements/index.ts';
import { sourcesIn } from '../../syntax/sources-in.ts';

/** A statement to execute, or why it cannot be. */
export interface ImportStep {
  /** What it makes or changes. */
  readonly name: string;
  readonly text: string;
  readonly statement: Statement | undefined;
  /** The query's id in ksqlDB. */
  readonly queryId?: string | undefined;
  /** The properties with which it was executed. */
  readonly properties: Readonly<Record<string, string>>;
  readonly refusal?: string | undefined;
}

interface Origin {
  readonly queryId?: string | undefined;
  readonly topic?: string | undefined;
  readonly properties?: Readonly<Record<string, unknown>> | undefined;
}

/** Reads one statement. What names no topic gets the one that it has: names of topics follow settings, which may differ here. */
export function stepOf(text: string, { queryId, topic, properties = {} }: Origin = {}): ImportStep {
  const own = Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, String(value)]));
  try {
    const [raw, ...others] = splitScript({ name: 'ksqlDB', text: text.trim().endsWith(';') ? text : `${text};` });
    if (raw === undefined || others.length > 0) return refuse('it is not one statement');
    const parsed = parse(raw);
    const lacksTopic =
      parsed.kind === 'createSource' && topic && !parsed.properties.some(({ name }) => name === 'KAFKA_TOPIC');
    const statement = lacksTopic
      ? { ...parsed, properties: [...parsed.properties, { name: 'KAFKA_TOPIC', value: topic, span: parsed.span }] }
      : parsed;
    return {
      name: nameOf(statement),
      text: lacksTopic ? printStatement(statement) : raw.text,
      statement,
      queryId,
      properties: own,
    };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const hint = error instanceof SqlError ? (error.hint ?? '') : '';
    return { name: '', text, statement: undefined, properties: own, refusal: [error.message, hint].join(' ').trim() };
  }
}

function nameOf(statement: Statement): string {
  if (statement.kind === 'insert') return statement.target.text;
  return 'name' in statement && typeof statement.name === 'object' ? statement.name.text : '';
}

/** The sources that a statement reads or writes and does not make. */
export function needs({ statement }: ImportStep): readonly string[] {
  if (statement?.kind === 'createSource')
    return statement.query === undefined ? [] : sourcesIn(statement.query).sources;
  if (statement?.kind === 'insert')
    return [statement.target.text, ...(statement.query === undefined ? [] : sourcesIn(statement.query).sources)];
  return statement?.kind === 'alterSource' ? [statement.name.text] : [];
}
