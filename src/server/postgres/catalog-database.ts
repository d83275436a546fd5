import { fork, type ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { InternalError } from '../../util/internal-error.ts';
import { workerPath } from '../../util/worker-path.ts';
import { Fields, Inbox, WireError } from './messages.ts';

/** A stream, table or view as the catalogue of PostgreSQL shows it. */
export interface Relation {
  readonly name: string;
  readonly kind: 'table' | 'view';
  readonly comment: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly key: readonly string[];
}

/** Values of parameters and the forms of the result. */
export interface Bound {
  readonly formats: readonly number[];
  readonly values: readonly (Uint8Array | null)[];
  readonly resultFormats: readonly number[];
}

/** One statement for the catalogue's database. */
export interface CatalogJob {
  readonly id: number;
  /** The relations, where they have changed since the last job. */
  readonly relations: readonly Relation[] | undefined;
  readonly user: string;
  readonly settings: readonly string[];
  readonly text: string;
  readonly parameterTypes: readonly number[];
  /** Undefined: the statement is described, not run. */
  readonly bound: Bound | undefined;
}
export interface CatalogReply {
  readonly id?: number;
  readonly chunks?: readonly Uint8Array[];
  readonly error?: string;
  readonly tooLarge?: boolean;
}

/** What a statement has given. */
export interface CatalogAnswer {
  /** The body of RowDescription; undefined for a statement without rows. */
  readonly description: Buffer | undefined;
  readonly parameterTypes: readonly number[];
  /** The bodies of DataRow. */
  readonly rows: readonly Buffer[];
  readonly tag: string;
  /** Whether the transaction of the statement goes on behind it. */
  readonly isInTransaction: boolean;
  /** The bodies of notices. */
  readonly notices: readonly Buffer[];
}

/** An error of the catalogue's database: the body of its ErrorResponse, which goes to the client as it is. */
export class CatalogError extends Error {
  readonly body: Buffer;
  readonly state: string;
  constructor(body: Buffer) {
    const fields = new Map<string, string>();
    const reader = new Fields(body);
    for (let code = reader.bytes(1).toString('latin1'); code !== '\0'; code = reader.bytes(1).toString('latin1'))
      fields.set(code, reader.text());
    super(fields.get('M'));
    this.body = body;
    this.state = fields.get('C')!;
  }
}

const library = '@electric-sql/pglite';
/** How long a statement may take; the database stops at nothing else. */
const limitMs = 10_000;
const idleMs = 60_000;

/** Whether the catalogue's database is installed: it is an optional part. */
export function hasCatalogDatabase(): boolean {
  try {
    createRequire(import.meta.url).resolve(library);
    return true;
  } catch {
    return false;
  }
}
export const addCatalogDatabase = `it needs PGlite, which is not installed: npm install ${library}`;

interface Waiting {
  readonly job: CatalogJob;
  readonly resolve: (chunks: readonly Uint8Array[]) => void;
  readonly reject: (error: Error) => void;
}

/**
 * PostgreSQL itself (PGlite, in a process of its own), filled from the catalogue: what clients ask of pg_catalog and information_schema
 * is SQL that it runs. It holds no rows of sources. A statement that takes too long or gives too much ends that process, not the node:
 * ending a thread while V8 compiles its WebAssembly can end the whole process (seen on Node 24).
 */
export class CatalogDatabase {
  #worker: ChildProcess | undefined;
  #waiting: Waiting[] = [];
  #running: Waiting | undefined;
  #timer: NodeJS.Timeout | undefined;
  #idle: NodeJS.Timeout | undefined;
  #isReady = false;
  #sent: readonly Relation[] | undefined;
  #next = 0;

  /** Runs a statement; `relations` is what the user may see of the catalogue, the same array as long as it is the same. */
  async run(job: Omit<CatalogJob, 'id'> & { readonly relations: readonly Relation[] }): Promise<CatalogAnswer> {
    const chunks = await new Promise<readonly Uint8Array[]>((resolve, reject) => {
      this.#waiting.push({ job: { ...job, id: this.#next++ }, resolve, reject });
      this.#advance();
    });
    return answerOf(Buffer.concat(chunks));
  }

  close(): void {
    this.#fail(new WireError('57P01', 'the node is shutting down'));
    for (const { reject } of this.#waiting.splice(0)) reject(new WireError('57P01', 'the node is shutting down'));
    this.#stop();
  }

  #advance(): void {
    clearTimeout(this.#idle);
    if (this.#running !== undefined) return;
    const next = this.#waiting.shift();
    if (next === undefined) {
      this.#idle = setTimeout(() => this.#stop(), idleMs).unref();
      return;
    }
    this.#running = next;
    this.#worker ??= this.#start();
    const { job } = next;
    const isKnown = this.#sent === job.relations;
    this.#sent = job.relations;
    this.#worker.send(isKnown ? { ...job, relations: undefined } : job);
    // The first statement waits for the database to start as well, however slow the machine is.
    const limit = this.#isReady ? limitMs : limitMs * 6;
    this.#timer = setTimeout(
      () => this.#abort(new WireError('57014', `the statement was stopped after ${limit / 1000} s`)),
      limit,
    );
  }

  #start(): ChildProcess {
    const worker = fork(fileURLToPath(workerPath(import.meta.url, 'catalog-worker')), {
      // Nothing of the node's settings, which may be secret.
      env: {},
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    worker.unref();
    worker.channel?.unref();
    worker.on('message', (reply: CatalogReply) => {
      if (worker === this.#worker) this.#take(reply);
    });
    const ended = (why: string): void => {
      if (worker === this.#worker) this.#abort(new InternalError(`the catalogue's database ended: ${why}`));
    };
    worker.on('error', ({ message }) => ended(message));
    worker.on('exit', (code, signal) => ended(`its process ended with ${code ?? signal}`));
    return worker;
  }

  #take({ chunks, error, tooLarge }: CatalogReply): void {
    if (tooLarge === true) {
      this.#abort(new WireError('54000', 'the statement gives more than 64 MB'));
      return;
    }
    const done = this.#running;
    this.#running = undefined;
    clearTimeout(this.#timer);
    this.#isReady = true;
    if (error === undefined) done?.resolve(chunks!);
    else done?.reject(new InternalError(error));
    this.#advance();
  }

  #fail(error: Error): void {
    clearTimeout(this.#timer);
    this.#running?.reject(error);
    this.#running = undefined;
  }

  #abort(error: Error): void {
    this.#stop();
    this.#fail(error);
    this.#advance();
  }

  #stop(): void {
    clearTimeout(this.#idle);
    const worker = this.#worker;
    this.#worker = undefined;
    this.#isReady = false;
    this.#sent = undefined;
    worker?.kill('SIGKILL');
  }
}

function answerOf(bytes: Buffer): CatalogAnswer {
  const inbox = new Inbox();
  inbox.push(bytes);
  const rows: Buffer[] = [];
  const notices: Buffer[] = [];
  let description: Buffer | undefined;
  let parameterTypes: readonly number[] = [];
  let tag = '';
  let isInTransaction = false;
  for (let part = inbox.take(true, bytes.length); part !== undefined; part = inbox.take(true, bytes.length)) {
    const { type, body } = part;
    if (type === 'E') throw new CatalogError(body);
    if (type === 'T') description = body;
    else if (type === 'D') rows.push(body);
    else if (type === 'N') notices.push(body);
    else if (type === 'C') tag = new Fields(body).text();
    else if (type === 'Z') isInTransaction = body.toString('latin1') !== 'I';
    else if (type === 't') {
      const fields = new Fields(body);
      parameterTypes = fields.list(() => fields.int32());
    }
  }
  return { description, parameterTypes, rows, tag, isInTransaction, notices };
}
