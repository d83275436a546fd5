import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Visitor } from '../access/access.ts';
import type { ServerContext } from '../context.ts';
import { errorResponse } from './failure.ts';
import { cstring, Fields, Inbox, int16, int32, message, WireError, type ClientMessage } from './messages.ts';
import { PgSession, type Prepared } from './pg-session.ts';
import type { Portal } from './portals.ts';
import type { CatalogDatabases } from './relations.ts';
import { mechanism, nobodysSecret, ScramExchange } from './scram.ts';
import { splitStatements } from './statement-text.ts';

/** What connections share. */
export interface Door {
  readonly context: ServerContext;
  readonly databases: CatalogDatabases;
  /** Upgrades a connection to TLS; undefined where there is no certificate. */
  readonly upgrade: ((socket: Socket) => void) | undefined;
  /** Whether a connection in clear text is refused. */
  readonly onlyTls: boolean;
  /** Makes up the secrets of users that there are not. */
  readonly seed: Buffer;
  readonly connections: Map<number, Connection>;
}

const codes = { ssl: 80_877_103, gss: 80_877_104, cancel: 80_877_102 };
const most = { beforeLogin: 16_384, statements: 1000, portals: 1000, loginMs: 30_000 };
const isLoopback = (address = ''): boolean => /^(::ffff:)?127\.|^::1$/.test(address);

/**
 * The version of the catalogue's database. psql is told an older one: from it psql takes what it asks for the commands with a backslash,
 * and psql 15 and 16 ask a server that is newer than they are for columns that it has no more (`\l`).
 */
const versionFor = (application: string | undefined): string => (application === 'psql' ? '14.22' : '18.6');

/** One client, from its first byte to its last. */
export class Connection {
  readonly #door: Door;
  readonly #socket: Socket;
  readonly #isTls: boolean;
  readonly #inbox = new Inbox();
  readonly #id: number;
  readonly #secret = randomInt(2 ** 31 - 1);
  readonly #statements = new Map<string, Prepared | undefined>();
  readonly #portals = new Map<string, Portal | undefined>();
  #session: PgSession | undefined;
  /** Wakes who waits for bytes. */
  #wake: () => void = () => undefined;
  #ended = false;
  #running: Portal | undefined;
  #cancelled = false;

  constructor(door: Door, socket: Socket, isTls: boolean) {
    this.#door = door;
    this.#socket = socket;
    this.#isTls = isTls;
    do this.#id = randomInt(1, 2 ** 31 - 1);
    while (door.connections.has(this.#id));
    door.connections.set(this.#id, this);
    socket.on('data', this.#onData);
    socket.on('close', () => {
      this.#ended = true;
      door.connections.delete(this.#id);
      this.#running?.cancel();
      this.#wake();
    });
    socket.on('error', () => undefined);
    void this.#serve();
  }

  readonly #onData = (bytes: Buffer): void => {
    this.#inbox.push(bytes);
    if (this.#inbox.length > this.#longest * 2) this.#socket.pause();
    this.#wake();
  };

  /** Ends the running statement, for who knows the connection's secret. */
  cancel(secret: number): void {
    if (secret !== this.#secret || this.#running === undefined) return;
    this.#cancelled = true;
    this.#running.cancel();
  }

  close(): void {
    this.#socket.destroy();
  }

  get #longest(): number {
    return this.#session === undefined ? most.beforeLogin : this.#door.context.access.limits.settings.requestBytes;
  }

  async #receive(typed = true): Promise<ClientMessage | undefined> {
    for (;;) {
      const taken = this.#inbox.take(typed, this.#longest);
      if (taken !== undefined) {
        if (this.#socket.isPaused()) this.#socket.resume();
        return taken;
      }
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async #serve(): Promise<void> {
    const timer = setTimeout(() => this.close(), most.loginMs);
    try {
      const isIn = await this.#begin();
      clearTimeout(timer);
      if (isIn) await this.#answerAll();
    } catch (error) {
      this.#socket.write(errorResponse(error, 'FATAL'));
    } finally {
      clearTimeout(timer);
      this.#endQueries();
      // A connection that goes on in TLS is another's.
      if (!this.#upgraded) this.#socket.end();
    }
  }
  #upgraded = false;

  #endQueries(): void {
    for (const portal of this.#portals.values()) portal?.close();
    this.#session?.close();
  }

  /** The first messages of a connection; false where nothing comes behind them. */
  async #begin(): Promise<boolean> {
    for (;;) {
      const first = await this.#receive(false);
      if (first === undefined) return false;
      const fields = new Fields(first.body);
      const code = fields.int32();
      if (code === codes.cancel) {
        const connection = this.#door.connections.get(fields.int32());
        connection?.cancel(fields.int32());
        return false;
      }
      if (code === codes.gss || (code === codes.ssl && (this.#isTls || this.#door.upgrade === undefined))) {
        this.#socket.write('N');
        continue;
      }
      if (code === codes.ssl) {
        // Bytes that came before TLS could be anybody's.
        if (this.#inbox.length > 0)
          throw new WireError('08P01', 'bytes came between the request for TLS and its answer');
        this.#upgraded = true;
        this.#socket.off('data', this.#onData);
        this.#door.connections.delete(this.#id);
        this.#socket.write('S');
        this.#door.upgrade!(this.#socket);
        return false;
      }
      if (code >> 16 !== 3) throw new WireError('0A000', 'protocol 3.0 is spoken');
      await this.#start(fields, code & 0xffff);
      return true;
    }
  }

  async #start(fields: Fields, minor: number): Promise<void> {
    const given = new Map<string, string>();
    for (let name = fields.text(); name !== ''; name = fields.text()) given.set(name, fields.text());
    const unknown = [...given.keys()].filter((name) => name.startsWith('_pq_.'));
    if (minor > 0 || unknown.length > 0)
      this.#socket.write(message('v', int32(0), int32(unknown.length), ...unknown.map(cstring)));
    if (this.#door.onlyTls && !this.#isTls)
      throw new WireError('28000', 'this node takes connections in TLS only', 'Connect with sslmode=require.');
    const name = given.get('user') ?? '';
    if (name === '') throw new WireError('28000', 'no user is named');
    const visitor: Visitor = { address: this.#socket.remoteAddress, door: 'postgres' };
    await this.#logIn(visitor, name);
    const { context, databases } = this.#door;
    this.#session = new PgSession(context, databases, visitor);
    const parameters = {
      server_version: versionFor(given.get('application_name')),
      server_encoding: 'UTF8',
      client_encoding: 'UTF8',
      application_name: given.get('application_name') ?? '',
      DateStyle: 'ISO, MDY',
      IntervalStyle: 'postgres',
      TimeZone: 'UTC',
      integer_datetimes: 'on',
      is_superuser: 'off',
      session_authorization: name,
      standard_conforming_strings: 'on',
    };
    const said = Object.entries(parameters).map(([key, value]) => message('S', cstring(key), cstring(value)));
    this.#socket.write(
      Buffer.concat([
        message('R', int32(0)),
        ...said,
        message('K', int32(this.#id), int32(this.#secret)),
        this.#ready(),
      ]),
    );
  }

  async #logIn(visitor: Visitor, name: string): Promise<void> {
    const { access } = this.#door.context;
    if (!access.needsName) return;
    const socket = this.#socket as TLSSocket;
    if (this.#isTls && socket.authorized) {
      const isIn = await access.logIn(visitor, name, { socket }).then(
        () => true,
        () => false,
      );
      if (isIn) return;
    }
    const isSafe = this.#isTls || isLoopback(this.#socket.remoteAddress);
    if (access.needsPassword(name) && isSafe) {
      this.#socket.write(message('R', int32(3)));
      await access.logIn(visitor, name, { password: (await this.#password()).text() });
      return;
    }
    const exchange = new ScramExchange(access.scramSecretOf(name) ?? nobodysSecret(name, this.#door.seed));
    this.#socket.write(message('R', int32(10), cstring(mechanism), Buffer.from([0])));
    const first = await this.#password();
    if (first.text() !== mechanism) throw new WireError('08P01', `only ${mechanism} is spoken`);
    const length = first.int32();
    this.#socket.write(message('R', int32(11), Buffer.from(exchange.begin(first.bytes(length).toString('utf8')))));
    const last = await this.#password();
    const { isRight, answer } = exchange.finish(last.bytes(last.left).toString('utf8'));
    const isProved = isRight && access.scramSecretOf(name) !== undefined;
    await access.logIn(visitor, name, { isProved });
    this.#socket.write(message('R', int32(12), Buffer.from(answer)));
  }

  async #password(): Promise<Fields> {
    const answer = await this.#receive();
    if (answer?.type !== 'p') throw new WireError('08P01', 'a password is expected');
    return new Fields(answer.body);
  }

  #ready(): Buffer {
    return message('Z', Buffer.from(this.#session!.status));
  }

  async #answerAll(): Promise<void> {
    // After an error everything up to the next Sync is passed over.
    let skips = false;
    for (;;) {
      const request = await this.#receive();
      if (request === undefined || request.type === 'X') return;
      const { type } = request;
      if (skips && type !== 'S') continue;
      try {
        await this.#answer(request);
        if (type === 'S') skips = false;
      } catch (error) {
        this.#session!.failed();
        this.#socket.write(errorResponse(error));
        skips = type !== 'Q';
      }
      if (type === 'Q' || type === 'S') {
        if (this.#session!.status === 'I') this.#closePortals();
        this.#socket.write(this.#ready());
      }
    }
  }

  #closePortals(): void {
    for (const portal of this.#portals.values()) portal?.close();
    this.#portals.clear();
  }

  async #answer({ type, body }: ClientMessage): Promise<void> {
    const fields = new Fields(body);
    switch (type) {
      case 'Q':
        return this.#simple(fields.text());
      case 'P':
        return this.#parse(fields);
      case 'B':
        return this.#bind(fields);
      case 'D':
        return this.#describe(fields);
      case 'E': {
        const portal = this.#portal(fields.text());
        const rows = fields.int32();
        return this.#execute(portal, rows <= 0 ? Infinity : rows);
      }
      case 'C': {
        const isStatement = fields.bytes(1).toString('latin1') === 'S';
        const name = fields.text();
        if (isStatement) this.#statements.delete(name);
        else {
          this.#portals.get(name)?.close();
          this.#portals.delete(name);
        }
        this.#socket.write(message('3'));
        return;
      }
      case 'H':
      case 'S':
        return;
      // Parts of COPY, which may still be on their way after its refusal.
      case 'c':
      case 'd':
      case 'f':
        return;
      default:
        throw new WireError('08P01', `messages of the type "${type}" are not understood`);
    }
  }

  async #simple(text: string): Promise<void> {
    const statements = splitStatements(text);
    if (statements.length === 0) this.#socket.write(message('I'));
    for (const statement of statements) {
      const prepared = (await this.#session!.prepare(statement, []))!;
      const portal = await prepared.open({ formats: [], values: [], resultFormats: [] });
      try {
        if (portal.description !== undefined) this.#socket.write(message('T', portal.description));
        await this.#execute(portal, Infinity);
      } finally {
        portal.close();
      }
    }
  }

  async #parse(fields: Fields): Promise<void> {
    const name = fields.text();
    const text = fields.text();
    const oids = fields.list(() => fields.int32() >>> 0);
    if (name !== '' && this.#statements.has(name))
      throw new WireError('42P05', `prepared statement "${name}" already exists`);
    if (this.#statements.size >= most.statements)
      throw new WireError('53400', `there are ${most.statements} prepared statements already`);
    this.#statements.set(name, await this.#session!.prepare(text, oids));
    this.#socket.write(message('1'));
  }

  #statement(name: string): Prepared | undefined {
    if (!this.#statements.has(name)) throw new WireError('26000', `prepared statement "${name}" does not exist`);
    return this.#statements.get(name);
  }
  #portal(name: string): Portal | undefined {
    if (this.#portals.has(name)) return this.#portals.get(name);
    const cursor = this.#session!.cursorPortal(name);
    if (cursor === undefined) throw new WireError('34000', `portal "${name}" does not exist`);
    return cursor;
  }

  async #bind(fields: Fields): Promise<void> {
    const name = fields.text();
    const prepared = this.#statement(fields.text());
    const formats = fields.list(() => fields.int16());
    const values = fields.list(() => {
      const length = fields.int32();
      return length < 0 ? null : Buffer.from(fields.bytes(length));
    });
    const resultFormats = fields.list(() => fields.int16());
    if (name !== '' && this.#portals.has(name)) throw new WireError('42P03', `portal "${name}" already exists`);
    if (this.#portals.size >= most.portals) throw new WireError('53400', `there are ${most.portals} portals already`);
    this.#portals.get(name)?.close();
    this.#portals.set(name, await prepared?.open({ formats, values, resultFormats }));
    this.#socket.write(message('2'));
  }

  async #describe(fields: Fields): Promise<void> {
    const isStatement = fields.bytes(1).toString('latin1') === 'S';
    const name = fields.text();
    let description: Buffer | undefined;
    if (isStatement) {
      const prepared = this.#statement(name);
      const types = prepared?.parameterTypes ?? [];
      this.#socket.write(message('t', int16(types.length), ...types.map((oid) => int32(oid | 0))));
      description = await prepared?.describe();
    } else description = this.#portal(name)?.description;
    this.#socket.write(description === undefined ? message('n') : message('T', description));
  }

  /** Sends rows as they come, at most so many; the portal stays open where there may be more. */
  async #execute(portal: Portal | undefined, rows: number): Promise<void> {
    if (portal === undefined) {
      this.#socket.write(message('I'));
      return;
    }
    for (const notice of portal.notices) this.#socket.write(message('N', notice));
    let sent = 0;
    this.#running = portal;
    this.#cancelled = false;
    try {
      for (;;) {
        const batch = await portal.next(rows - sent);
        if (this.#cancelled) throw new WireError('57014', 'canceling statement due to user request');
        if (batch === undefined || this.#ended) break;
        sent += batch.length;
        await this.#send(batch.map((row) => message('D', row)));
        if (sent >= rows) {
          this.#socket.write(message('s'));
          return;
        }
      }
      this.#socket.write(message('C', cstring(portal.tag(sent))));
    } finally {
      this.#running = undefined;
    }
  }

  async #send(messages: readonly Buffer[]): Promise<void> {
    if (messages.length === 0 || this.#ended) return;
    if (!this.#socket.write(Buffer.concat(messages)))
      await Promise.race([once(this.#socket, 'drain'), once(this.#socket, 'close')]);
  }
}
