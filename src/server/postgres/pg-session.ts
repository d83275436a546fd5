import type { QueryStream } from '../../engine/client-rows.ts';
import { openQuery } from '../../engine/query-stream.ts';
import { Session } from '../../engine/session.ts';
import { noSpan } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import { parse, splitScript } from '../../syntax/parse.ts';
import { sourcesIn } from '../../syntax/sources-in.ts';
import type { Select } from '../../syntax/statements/select.ts';
import type { Statement } from '../../syntax/statements/index.ts';
import type { SqlType } from '../../types/sql-type.ts';
import type { Visitor } from '../access/access.ts';
import type { ServerContext } from '../context.ts';
import { CatalogError, type Bound, type CatalogAnswer } from './catalog-database.ts';
import { locate } from './failure.ts';
import { WireError } from './messages.ts';
import { literalOf, readValue, sampleOf, typeOfOid, type Given } from './parameters.ts';
import { AnswerPortal, describe, done, FetchPortal, QueryPortal, type Portal } from './portals.ts';
import { asStored, parameterTypes, withValues } from './query-tree.ts';
import type { CatalogDatabases } from './relations.ts';
import { cursorStatement, millraceText, splitStatements, type CursorStatement } from './statement-text.ts';
import { pgTypeOf } from './types.ts';

/** A statement that is understood and waits for the values of its parameters. */
export interface Prepared {
  readonly parameterTypes: readonly number[];
  /** The body of RowDescription; undefined for a statement without rows. */
  describe(): Promise<Buffer | undefined>;
  open(bound: Bound): Promise<Portal>;
}

/** What is between BEGIN and COMMIT: nothing, a transaction, or one that has failed. */
export type TransactionStatus = 'I' | 'T' | 'E';

interface Cursor {
  readonly portal: Portal;
  readonly isHeld: boolean;
}
interface ParsedQuery {
  readonly select: Select;
  readonly placeOf: (offset: number) => number;
  readonly counts: ReadonlySet<number>;
  readonly parameters: number;
}

const most = { settings: 100, cursors: 100 };

/** What one connection has said: its settings, its cursors, its transaction. Reads only. */
export class PgSession {
  readonly #context: ServerContext;
  readonly #databases: CatalogDatabases;
  readonly #visitor: Visitor;
  readonly #session: Session;
  readonly #settings: string[] = [];
  /** The savepoints of the transaction, which the catalogue's database is told again for each statement. */
  #savepoints: string[] = [];
  readonly #cursors = new Map<string, Cursor>();
  status: TransactionStatus = 'I';

  constructor(context: ServerContext, databases: CatalogDatabases, visitor: Visitor) {
    this.#context = context;
    this.#databases = databases;
    this.#visitor = visitor;
    this.#session = new Session(context.engine.defaults);
  }

  /** Understands one statement; undefined for an empty one. */
  async prepare(text: string, oids: readonly number[]): Promise<Prepared | undefined> {
    const [statement, ...more] = splitStatements(text);
    if (statement === undefined) return undefined;
    if (more.length > 0) throw new WireError('42601', 'a prepared statement is one statement');
    const cursor = cursorStatement(statement);
    if (cursor !== undefined) return this.#aboutCursor(cursor, oids);
    let refused: SqlError | WireError | undefined;
    try {
      const read = this.#read(statement, () => '1');
      if ('property' in read) return this.#setting(read.property);
      if (read.query !== undefined) return this.#query(statement, read.query, oids);
    } catch (error) {
      if (!(error instanceof SqlError || error instanceof WireError)) throw error;
      refused = error as SqlError | WireError;
    }
    return this.#ofCatalog(statement, oids, refused);
  }

  /** Ends what is open. */
  close(): void {
    for (const name of [...this.#cursors.keys()]) this.#closeCursor(name);
  }

  /** The portal of a cursor: to PostgreSQL's clients the two are one. */
  cursorPortal(name: string): Portal | undefined {
    return this.#cursors.get(name)?.portal;
  }

  failed(): void {
    if (this.status === 'T') this.status = 'E';
  }

  /** A statement as Millrace reads it: no query is one on other tables than its sources. */
  #read(
    text: string,
    count: (parameter: number) => string,
  ):
    | { readonly query: ParsedQuery | undefined }
    | { readonly property: Extract<Statement, { kind: 'setProperty' | 'unsetProperty' }> } {
    const written = millraceText(text, count);
    const { catalog } = this.#context.engine;
    let statement: Statement;
    try {
      statement = parse(splitScript({ name: 'postgres', text: `${written.text}\n;` })[0]!);
    } catch (error) {
      locate(error, written.placeOf);
      throw error;
    }
    if (statement.kind === 'setProperty' || statement.kind === 'unsetProperty') return { property: statement };
    if (statement.kind !== 'select')
      throw new WireError(
        '25006',
        'PostgreSQL clients may read only',
        'Send other statements to REST or millrace cli.',
      );
    const query = asStored(statement.query, catalog);
    const { sources, files } = sourcesIn(query);
    const isOurs = sources.every((name) => catalog.sources.has(name) || catalog.views.has(name));
    if (!isOurs || sources.length + files.length === 0) return { query: undefined };
    return { query: { ...written, select: { ...statement, query } } };
  }

  #query(text: string, parsed: ParsedQuery, oids: readonly number[]): Prepared {
    const inferred = parameterTypes(parsed.select.query, this.#context.engine.catalog);
    const types = Array.from({ length: Math.max(parsed.parameters, oids.length) }, (_, i): SqlType => {
      if (parsed.counts.has(i + 1)) return { kind: 'BIGINT' };
      return typeOfOid(oids[i] ?? 0) ?? inferred.get(i + 1) ?? { kind: 'STRING' };
    });
    const given = types.map((type, i) =>
      oids[i] === undefined || oids[i] === 0 || oids[i] === 705 ? pgTypeOf(type).oid : oids[i],
    );
    const run = async (values: readonly Given[]): Promise<QueryStream> => {
      if (this.status === 'E') throw aborted();
      const read =
        parsed.counts.size === 0 ? { query: parsed } : this.#read(text, (number) => countText(values[number - 1]));
      const { select, placeOf } = 'query' in read && read.query !== undefined ? read.query : parsed;
      const query = withValues(select.query, (number) => literalOf(values[number - 1] ?? null, types[number - 1]!));
      try {
        return await this.#open({ ...select, query }, text);
      } catch (error) {
        locate(error, placeOf);
        throw error;
      }
    };
    return {
      parameterTypes: given,
      describe: async () => {
        const stream = await run(types.map((type, i) => (parsed.counts.has(i + 1) ? '1' : sampleOf(type))));
        this.#finished(stream);
        return describe(stream.columns, []);
      },
      open: async ({ values, formats, resultFormats }) => {
        if (values.length !== types.length)
          throw new WireError(
            '08P01',
            `the statement has ${types.length} parameters, and ${values.length} values came`,
          );
        const read = values.map((value, i) =>
          readValue(
            value === null ? null : Buffer.from(value),
            (formats.length === 1 ? formats[0] : formats[i]) === 1,
            given[i]!,
          ),
        );
        const stream = await run(read);
        const { access } = this.#context;
        const { name } = access.userOf(this.#visitor);
        return new QueryPortal(stream, resultFormats, {
          checkRows: (count) => access.limits.checkRows(count, name),
          onEnd: () => this.#finished(stream),
        });
      },
    };
  }

  async #open(select: Select, text: string): Promise<QueryStream> {
    const { access, engine, newBackend } = this.#context;
    const { name } = access.userOf(this.#visitor);
    try {
      access.checkStatement(this.#visitor, select, text, engine.catalog);
      const isPush = select.query.emit !== undefined;
      if (isPush) access.limits.checkPushQuery(name);
      const stream = await openQuery(select, engine, this.#session, newBackend);
      if (isPush) access.limits.began(stream.id, name);
      access.ended(this.#visitor, text);
      return stream;
    } catch (error) {
      access.ended(this.#visitor, text, error);
      throw error;
    }
  }

  #finished(stream: QueryStream): void {
    stream.close();
    this.#context.engine.pushQueries.remove(stream.id);
    this.#context.access.limits.ended(stream.id);
  }

  /** SET 'auto.offset.reset' = 'earliest', in Millrace's own form, for push queries. */
  #setting(statement: Extract<Statement, { kind: 'setProperty' | 'unsetProperty' }>): Prepared {
    return this.#doing(() => {
      if (statement.kind === 'setProperty') this.#session.set(statement.name, statement.value);
      else this.#session.unset(statement.name);
      return Promise.resolve(done(statement.kind === 'setProperty' ? 'SET' : 'RESET'));
    });
  }

  #doing(open: (bound: Bound) => Promise<Portal>): Prepared {
    return { parameterTypes: [], describe: () => Promise.resolve(undefined), open };
  }

  async #ofCatalog(
    text: string,
    oids: readonly number[],
    refused: SqlError | WireError | undefined,
  ): Promise<Prepared> {
    const job = (bound: Bound | undefined) => {
      const { database, relations } = this.#databases.for(this.#visitor);
      const { name: user } = this.#context.access.userOf(this.#visitor);
      return database.run({
        relations,
        user,
        settings: [...this.#settings, ...this.#savepoints],
        text,
        parameterTypes: oids,
        bound,
      });
    };
    const told = (error: unknown): unknown => (this.#isOfSource(error) ? (refused ?? mixed()) : error);
    let known = oids;
    if (oids.length > 0 || text.includes('$'))
      known = (await job(undefined).catch((error: unknown) => Promise.reject(told(error) as Error))).parameterTypes;
    return {
      parameterTypes: known,
      describe: async () => (await job(undefined)).description,
      open: async (bound) => {
        try {
          this.#context.access.limits.countStatement(this.#context.access.userOf(this.#visitor).name);
          const answer = await job(bound);
          const begins = /^(BEGIN|START TRANSACTION)$/.test(answer.tag);
          if (this.status === 'E' && !/^(COMMIT|ROLLBACK)$/.test(answer.tag)) throw aborted();
          const tag = this.#follow(answer, text);
          return new AnswerPortal({ ...answer, tag, notices: begins ? [] : answer.notices });
        } catch (error) {
          throw told(error);
        }
      },
    };
  }

  /** Whether PostgreSQL was asked for rows of a source: it has none, and unquoted names in lower case. */
  #isOfSource(error: unknown): boolean {
    if (!(error instanceof CatalogError)) return false;
    const match = /^(?:permission denied for table|relation) "?(?:public\.)?(.*?)"?(?: does not exist)?$/.exec(
      error.message,
    );
    const name = match?.[1]?.toLowerCase();
    const { sources, views } = this.#context.engine.catalog;
    const isKnown = [...sources.keys(), ...views.keys()].some((source) => source.toLowerCase() === name);
    return isKnown && (error.state === '42501' || error.state === '42P01');
  }

  /** Follows what a statement has done to its connection, by what PostgreSQL says that it was. */
  #follow({ tag, isInTransaction }: CatalogAnswer, text: string): string {
    switch (tag) {
      case 'BEGIN':
      case 'START TRANSACTION':
        this.status = 'T';
        return tag;
      case 'SAVEPOINT':
        if (this.#savepoints.length < most.settings) this.#savepoints.push(text);
        return tag;
      case 'COMMIT':
      case 'ROLLBACK': {
        // ROLLBACK TO a savepoint.
        if (isInTransaction) {
          if (this.status === 'E') this.status = 'T';
          return tag;
        }
        this.#savepoints = [];
        const ended = this.status === 'E' ? 'ROLLBACK' : tag;
        this.status = 'I';
        for (const [name, { isHeld }] of [...this.#cursors]) if (!isHeld) this.#closeCursor(name);
        return ended;
      }
      case 'SET':
      case 'RESET':
        if (this.#settings.length >= most.settings) this.#settings.shift();
        this.#settings.push(text);
        return tag;
      default:
        return tag;
    }
  }

  async #aboutCursor(statement: CursorStatement, oids: readonly number[]): Promise<Prepared> {
    if (statement.kind === 'declare') {
      const query = await this.prepare(statement.query, oids);
      if (query === undefined) throw new WireError('42601', 'a cursor needs a query');
      const open = async (bound: Bound): Promise<Portal> => {
        if (this.status === 'I' && !statement.isHeld)
          throw new WireError(
            '25P01',
            'DECLARE CURSOR can only be used in transaction blocks',
            'Say BEGIN, or WITH HOLD.',
          );
        if (this.#cursors.has(statement.name))
          throw new WireError('42P03', `cursor "${statement.name}" already exists`);
        if (this.#cursors.size >= most.cursors)
          throw new WireError('53400', `there are ${most.cursors} cursors already`);
        this.#cursors.set(statement.name, { portal: await query.open(bound), isHeld: statement.isHeld });
        return done('DECLARE CURSOR');
      };
      return { ...this.#doing(open), parameterTypes: query.parameterTypes };
    }
    if (statement.kind === 'close')
      return this.#doing(() => {
        if (statement.name === undefined) this.close();
        else {
          this.#cursor(statement.name);
          this.#closeCursor(statement.name);
        }
        return Promise.resolve(done(statement.name === undefined ? 'CLOSE CURSOR ALL' : 'CLOSE CURSOR'));
      });
    const { name, count, kind } = statement;
    if (count < 0) throw new WireError('55000', 'cursor can only scan forward');
    return {
      parameterTypes: [],
      describe: () => Promise.resolve(kind === 'move' ? undefined : this.#cursor(name).portal.description),
      open: () => Promise.resolve(new FetchPortal(this.#cursor(name).portal, count, kind === 'move')),
    };
  }

  #cursor(name: string): Cursor {
    const cursor = this.#cursors.get(name);
    if (cursor === undefined) throw new WireError('34000', `cursor "${name}" does not exist`);
    return cursor;
  }
  #closeCursor(name: string): void {
    this.#cursors.get(name)?.portal.close();
    this.#cursors.delete(name);
  }
}

const mixed = (): WireError =>
  new WireError('0A000', 'tables of the catalogue and sources of Millrace are not read by one statement');
const aborted = (): WireError =>
  new WireError('25P02', 'current transaction is aborted, commands ignored until end of transaction block');

function countText(given: Given | undefined): string {
  if (typeof given === 'string' && /^\d{1,15}$/.test(given)) return given;
  throw new SqlError('BAD_REQUEST', noSpan, { why: 'LIMIT and OFFSET take a whole number' });
}
