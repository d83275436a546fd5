import { expect, test } from 'vitest';
import type { Option, OptionTable } from '../../../../src/config/option.ts';
import { Session } from '../../../../src/engine/session.ts';
import { Asker } from '../../../golden/ask.ts';
import { openEngine, type TestEngine } from '../../../support/memory-node.ts';

/** Two values of an option, and what is seen with each: whoever reads the option does something else. */
export interface Case {
  readonly see: (value: string) => Promise<unknown>;
  readonly gives: readonly [readonly [value: string, seen: unknown], readonly [value: string, seen: unknown]];
}
/** An option without a case does not compile. */
export type Cases<O extends Option> = { readonly [N in O['name']]: Case };

export function runCases<O extends Option>(table: OptionTable<O>, cases: Cases<O>): void {
  test.each(table.names)('%s: two values, two behaviours', async (name) => {
    const { see, gives } = (cases as Readonly<Record<string, Case>>)[name]!;
    const [[first, one], [second, other]] = gives;
    expect(one).not.toEqual(other);
    expect([first, await see(first)]).toEqual([first, one]);
    expect([second, await see(second)]).toEqual([second, other]);
  });
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export interface Asking extends TestEngine {
  readonly session: Session;
  /** The answer to a statement, when every query has read all there is. */
  readonly ask: (statement: string) => Promise<string>;
}

/** Runs something on an engine of its own whose sessions have these properties. */
export async function onEngine<T>(defaults: Record<string, string>, see: (node: Asking) => Promise<T>): Promise<T> {
  const node = await openEngine(undefined, defaults);
  const session = new Session(node.engine.defaults);
  const asker = new Asker(node.engine, session);
  try {
    const ask = async (statement: string): Promise<string> => {
      const { text } = await asker.ask(statement);
      await node.settle();
      return text;
    };
    return await see({ ...node, session, ask });
  } finally {
    await node.close();
  }
}

/** What the last of these statements is answered: rows, the code of a refusal, or `done`. */
export const answered =
  (statements: (value: string) => readonly string[], defaults: (value: string) => Record<string, string>) =>
  (value: string): Promise<unknown> =>
    onEngine(defaults(value), async ({ ask }) => {
      let text = '';
      for (const statement of statements(value)) text = await ask(statement);
      return outcome(text);
    });

export function outcome(text: string): unknown {
  if (text.startsWith('!')) return text.split(':')[0]!.slice(2);
  return text.startsWith('[') ? (JSON.parse(text) as unknown) : 'done';
}

const quoted = (value: string): string => (/^(-?\d+|true|false)$/.test(value) ? value : `'${value}'`);

/** A stream whose WITH has the option, and what of it is seen; the code of the refusal where there is one. */
export const declared = (
  name: string,
  gives: Case['gives'],
  see: (node: Asking) => unknown,
  { columns = 'k STRING KEY, v INT, w INT', others = "kafka_topic='s', partitions=1, value_format='JSON'" } = {},
): Case => ({
  see: (value) =>
    onEngine({}, async (node) => {
      const text = await node.ask(`CREATE STREAM s (${columns}) WITH (${others}, ${name}=${quoted(value)});`);
      return text.startsWith('!') ? outcome(text) : see(node);
    }),
  gives,
});
export const windowed = "kafka_topic='s', partitions=1, value_format='JSON'";
export const copied =
  "CREATE STREAM s (k STRING KEY, v INT) WITH (kafka_topic='s', partitions=1, value_format='JSON');";
