import type { Request, RequestHandler } from 'express';
import type { TLSSocket } from 'node:tls';
import type { Engine } from '../../engine/engine.ts';
import type { AuthenticationMethod } from '../../config/access-options.ts';
import { noSpan } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import { needsOf, type Need, type Right } from '../../statements/rights.ts';
import type { Statement } from '../../syntax/statements/index.ts';
import { errorAnswer } from '../errors.ts';
import type { AuditEvent, AuditLog } from './audit.ts';
import { isGranted, type Grants } from './grants.ts';
import { Limits, type LimitSettings } from './limits.ts';
import { Passwords, type ScramSecret } from './passwords.ts';
import { rightOf } from './route-rights.ts';
import type { Tokens } from './tokens.ts';
import type { FileUser } from './users.ts';
import { visibleParts } from './visible.ts';

/** Who sent a request. */
export interface User {
  readonly name: string;
  readonly roles: readonly string[];
}

/** Who asks through another door than HTTP. */
export interface Visitor {
  readonly address: string | undefined;
  /** What the audit log has in place of a request. */
  readonly door: string;
}
type Asker = Request | Visitor;

/** A file's content that may change while the node runs. */
interface Current<T> {
  readonly content: T;
  close(): void;
}

export interface AccessSettings {
  readonly methods: readonly AuthenticationMethod[];
  readonly realm: string;
  /** The roles of which a user needs one; `*` for any user. */
  readonly roles: readonly string[];
  /** Paths that are served without a name; one that ends in `*` is a beginning. */
  readonly openPaths: readonly string[];
  readonly users: Current<ReadonlyMap<string, FileUser>> | undefined;
  readonly tokens: Tokens | undefined;
  /** Undefined when every user may do everything. */
  readonly grants: Current<Grants> | undefined;
  readonly audit: AuditLog;
  readonly limits: LimitSettings;
}

const anonymous: User = { name: 'anonymous', roles: [] };
const unauthorized = (why: string): never => {
  throw new SqlError('UNAUTHORIZED', noSpan, { why });
};
const words: Readonly<Record<Right, string>> = {
  read: 'read',
  write: 'write to',
  create: 'create or change',
  terminate: 'terminate or drop',
  admin: 'administer',
};

/** Who may do what: authenticates requests, holds them to the rights and limits of their users, and keeps the audit log. */
export class Access {
  readonly #settings: AccessSettings;
  readonly #passwords = new Passwords();
  readonly #users = new WeakMap<object, User>();
  /** Errors that the audit log has, however far they are thrown. */
  readonly #noted = new WeakSet<object>();
  readonly limits: Limits;

  constructor(settings: AccessSettings) {
    this.#settings = settings;
    this.limits = new Limits(settings.limits);
  }

  /** Lets through who has a name and the right to the route; each other gets 401 or 403 in ksqlDB's form. */
  readonly guard: RequestHandler = (request, response, next) => {
    void this.#admit(request).then(
      () => next(),
      (error: unknown) => {
        const { status, body } = errorAnswer(error);
        if (status === 401) response.setHeader('www-authenticate', this.#challenges());
        response.status(status).json(body);
      },
    );
  };

  userOf(request: Asker): User {
    return this.#users.get(request) ?? anonymous;
  }

  /** Refuses a statement that the user has no right to, or one more than the user may send. */
  checkStatement(request: Asker, statement: Statement, text: string, catalog: Engine['catalog']): void {
    const user = this.userOf(request);
    try {
      this.limits.countStatement(user.name);
      this.#check(user, this.#settings.grants === undefined ? [] : needsOf(statement, catalog));
    } catch (error) {
      this.#note(request, 'denied', { statement: text, error });
      throw error;
    }
  }

  /** Refuses what is no statement. */
  checkNeeds(request: Asker, needs: readonly Need[]): void {
    const user = this.userOf(request);
    try {
      this.limits.countStatement(user.name);
      this.#check(user, needs);
    } catch (error) {
      this.#note(request, 'denied', { error });
      throw error;
    }
  }

  /** Refuses to end another user's push query without the right to administer. */
  checkClose(request: Asker, id: string): void {
    const owner = this.limits.ownerOf(id);
    if (owner !== undefined && owner !== this.userOf(request).name)
      this.checkNeeds(request, [{ right: 'admin', on: undefined }]);
  }

  /** Whether users see and do different things. */
  get hasRights(): boolean {
    return this.#settings.grants !== undefined;
  }

  /** Whether who asks must show a name. */
  get needsName(): boolean {
    return this.#settings.methods.length > 0;
  }

  /** What a user of SCRAM must know; undefined for one whose password is stored in another form, or that there is not. */
  scramSecretOf(name: string): ScramSecret | undefined {
    const stored = this.#settings.methods.includes('BASIC')
      ? this.#settings.users?.content.get(name)?.password
      : undefined;
    return stored !== undefined && 'storedKey' in stored ? stored : undefined;
  }

  /** Whether a user's password must be sent to be compared, because it is stored by scrypt. */
  needsPassword(name: string): boolean {
    const stored = this.#settings.methods.includes('BASIC')
      ? this.#settings.users?.content.get(name)?.password
      : undefined;
    return stored !== undefined && !('storedKey' in stored);
  }

  /**
   * Lets a visitor in who shows a name by a password, by a certificate, or whose SCRAM exchange has shown it (`isProved`); who may
   * read nothing is refused.
   */
  async logIn(
    visitor: Visitor,
    name: string,
    shown: { readonly password: string } | { readonly socket: TLSSocket } | { readonly isProved: boolean },
  ): Promise<void> {
    try {
      let user: User | undefined;
      if ('password' in shown) user = await this.#byPassword(name, shown.password);
      else if ('socket' in shown)
        user = this.#settings.methods.includes('CERTIFICATE') ? this.#byCertificate(shown.socket) : undefined;
      else if (shown.isProved) user = { name, roles: this.#settings.users!.content.get(name)?.roles ?? [] };
      if (user?.name !== name) return unauthorized('the user or the password is wrong');
      this.#checkRoles(user);
      this.#users.set(visitor, user);
      this.#check(user, [{ right: 'read', on: undefined }]);
    } catch (error) {
      this.#note(visitor, error instanceof SqlError && error.status === 401 ? 'unauthenticated' : 'denied', { error });
      throw error;
    }
  }

  may(user: User, right: Right, name: string | undefined): boolean {
    const { grants } = this.#settings;
    return grants === undefined || isGranted(grants.content, user.roles, right, name);
  }

  /** Notes in the audit log how a statement or request that was let through has ended. */
  ended(request: Asker, statement: string | undefined, error?: unknown): void {
    this.#note(request, error === undefined ? 'done' : 'failed', { statement, error });
  }

  /** An answer without what the user may not read. */
  visible<E extends object>(request: Asker, entity: E, catalog: Engine['catalog']): E {
    if (this.#settings.grants === undefined) return entity;
    const user = this.userOf(request);
    const mayDeclare = this.may(user, 'create', undefined) || this.may(user, 'admin', undefined);
    return visibleParts(entity, { catalog, mayRead: (name) => this.may(user, 'read', name), mayDeclare });
  }

  async close(): Promise<void> {
    const { users, tokens, grants, audit } = this.#settings;
    for (const file of [users, tokens, grants]) file?.close();
    await audit.close();
  }

  async #admit(request: Request): Promise<void> {
    try {
      const { path } = request;
      if (this.#settings.methods.length > 0 && !this.#isOpen(path)) {
        const user = await this.#authenticate(request);
        this.#users.set(request, user);
        const right = rightOf(request.method, path);
        if (right === undefined)
          throw new SqlError('FORBIDDEN', noSpan, { user: user.name, what: `${request.method} ${path}` });
        if (right !== 'user' && right !== 'statement') this.#check(user, [{ right, on: undefined }]);
      }
    } catch (error) {
      this.#note(request, error instanceof SqlError && error.status === 401 ? 'unauthenticated' : 'denied', { error });
      throw error;
    }
  }

  async #authenticate(request: Request): Promise<User> {
    const { methods } = this.#settings;
    const [, scheme = '', credentials = ''] = /^(\w+) +(.+)$/.exec(request.headers.authorization ?? '') ?? [];
    const method = scheme.toUpperCase();
    let user: User | undefined;
    if (method === 'BASIC' && methods.includes('BASIC')) user = await this.#byCredentials(credentials);
    else if (method === 'BEARER' && methods.includes('BEARER')) user = await this.#settings.tokens!.verify(credentials);
    else if (request.headers.authorization === undefined && methods.includes('CERTIFICATE'))
      user = this.#byCertificate(request.socket as TLSSocket);
    if (user === undefined) return unauthorized('a user, a token or a certificate is needed');
    this.#checkRoles(user);
    return user;
  }

  #checkRoles(user: User): void {
    const { roles } = this.#settings;
    if (!roles.includes('*') && !user.roles.some((role) => roles.includes(role)))
      throw new SqlError('FORBIDDEN', noSpan, { user: user.name, what: 'use this server: authentication.roles' });
  }

  #byCredentials(credentials: string): Promise<User> {
    const text = Buffer.from(credentials, 'base64').toString('utf8');
    const at = text.indexOf(':');
    return this.#byPassword(text.slice(0, Math.max(at, 0)), text.slice(at + 1));
  }

  async #byPassword(name: string, password: string): Promise<User> {
    const stored = this.#settings.users!.content.get(name);
    if (!(await this.#passwords.matches(name, password, stored?.password)))
      unauthorized('the user or the password is wrong');
    return { name, roles: stored!.roles };
  }

  #byCertificate(socket: TLSSocket): User | undefined {
    if (!socket.authorized) return undefined;
    const name = String(socket.getPeerCertificate().subject.CN);
    const user = this.#settings.users!.content.get(name);
    return user === undefined || user.password !== undefined ? undefined : { name, roles: user.roles };
  }

  #isOpen(path: string): boolean {
    return this.#settings.openPaths.some((open) =>
      open.endsWith('*') ? path.startsWith(open.slice(0, -1)) : path === open,
    );
  }

  #check(user: User, needs: readonly Need[]): void {
    const missing = needs.find(({ right, on }) => !this.may(user, right, on));
    if (missing === undefined) return;
    const what = `${words[missing.right]} ${missing.on === undefined ? 'anything' : `"${missing.on}"`}`;
    throw new SqlError('FORBIDDEN', noSpan, { user: user.name, what });
  }

  #challenges(): string[] {
    const { methods, realm } = this.#settings;
    const quoted = realm.replaceAll(/["\\\r\n]/g, '');
    return [
      ...(methods.includes('BASIC') ? [`Basic realm="${quoted}", charset="UTF-8"`] : []),
      ...(methods.includes('BEARER') ? [`Bearer realm="${quoted}"`] : []),
    ];
  }

  #note(
    request: Asker,
    result: AuditEvent['result'],
    { statement, error }: { readonly statement?: string | undefined; readonly error?: unknown },
  ): void {
    if (!this.#settings.audit.isOn || this.#noted.has(error as object)) return;
    if (error instanceof Error) this.#noted.add(error);
    this.#settings.audit.write({
      user: this.#users.get(request)?.name,
      ...('door' in request
        ? { address: request.address, request: request.door }
        : { address: request.socket.remoteAddress, request: `${request.method} ${request.path}` }),
      ...(statement === undefined ? {} : { statement }),
      result: error instanceof SqlError && error.code === 'USER_LIMIT' ? 'limited' : result,
      ...(error === undefined ? {} : { code: error instanceof SqlError ? String(error.code) : 'ERROR' }),
    });
  }
}
