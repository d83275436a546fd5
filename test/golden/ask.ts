import { testStep } from '../../src/cli/test-files.ts';
import { SqlError } from '../../src/diagnostics/sql-error.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { printTopic } from '../../src/engine/print-topic.ts';
import { openQuery } from '../../src/engine/query-stream.ts';
import { openSummary } from '../../src/engine/summary.ts';
import type { Session } from '../../src/engine/session.ts';
import type { SourceReader } from '../../src/engine/source-reader.ts';
import { MemoryBackend } from '../../src/adapters/memory/memory-backend.ts';
import { executeStatement } from '../../src/statements/index.ts';
import { parse, splitScript } from '../../src/syntax/parse.ts';

/** A statement and what was answered, on one line; an error behind an exclamation mark. */
export interface Asked {
  readonly statement: string;
  readonly text: string;
}

const longest = 200;

/** Answers statements one by one as a client gets them, those of `millrace test` too. */
export class Asker {
  readonly #engine: Engine;
  readonly #session: Session;
  readonly #readers = new Map<string, SourceReader>();

  constructor(engine: Engine, session: Session) {
    this.#engine = engine;
    this.#session = session;
  }

  async ask(statement: string): Promise<Asked> {
    try {
      const text = await this.#answer(statement);
      return { statement, text: text.length > longest ? `${text.slice(0, longest)}…` : text };
    } catch (error) {
      if (error instanceof SqlError) return { statement, text: `! ${error.code}: ${error.message.split('\n')[0]!}` };
      throw error;
    }
  }

  async #answer(written: string): Promise<string> {
    const engine = this.#engine;
    const text = this.#session.substitute(written);
    const statement = parse(splitScript({ name: 'ask', text })[0]!);
    switch (statement.kind) {
      case 'select':
      case 'summarize': {
        const newBackend = (): MemoryBackend => new MemoryBackend();
        const stream =
          statement.kind === 'select'
            ? await openQuery(statement, engine, this.#session, newBackend)
            : await openSummary(statement, engine, this.#session, newBackend);
        const rows: unknown[] = [];
        for await (const group of stream.rows()) rows.push(...group.map(({ values }) => values));
        return JSON.stringify(rows);
      }
      case 'print': {
        const printed = await printTopic(statement, engine);
        const lines: string[] = [];
        for await (const line of printed.read()) if (line !== '') lines.push(line);
        return JSON.stringify(lines);
      }
      case 'assertSource':
      case 'assertValues':
        return failing(await testStep(statement, text, engine, this.#session, this.#readers));
      default: {
        const answer = await executeStatement(statement, written, engine, this.#session);
        if (answer === undefined) return 'ok';
        const { '@type': type, statementText: _text, commandSequenceNumber: _number, warnings, ...fields } = answer;
        const noted = warnings.map(({ message }) => ` (${message})`).join('');
        const { commandStatus } = fields as { commandStatus?: { message: string } };
        return `${type}: ${commandStatus?.message ?? JSON.stringify(fields)}${noted}`;
      }
    }
  }
}

const failing = (problem: string | undefined): string => (problem === undefined ? 'ok' : `! ${problem}`);
