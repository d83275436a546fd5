import type { Row } from '../types/sql-type.ts';
import { stepInputs, type Step } from '../plan/physical/step.ts';
import type { SubTopology } from '../plan/physical/topology.ts';
import { buildOperator } from './build.ts';
import type { BuildContext } from './builders/context.ts';
import { batchOf, joined, noChanges, rowsOf, sizeOf, type Batch } from './batch.ts';
import type { Change } from './change.ts';
import type { Operator, ValuesAt } from './operator.ts';
import { batched } from './pulled-rows.ts';
import type { StateWriter } from './ports/state-backend.ts';
import type { CachedStore } from './stores/cached-store.ts';

interface Node {
  readonly step: Step;
  readonly operator: Operator;
  /** The indexes of the input nodes; empty for an edge, whose changes are passed in. */
  readonly inputs: readonly number[];
}

/** The operators of one sub-topology on one partition. */
export class Pipeline {
  readonly #nodes: Node[] = [];
  readonly #stores: CachedStore[] = [];

  constructor(part: SubTopology, context: Omit<BuildContext, 'register'>) {
    const withRegister = {
      ...context,
      register: (store: CachedStore) => void this.#stores.push(store),
    };
    const edges = new Set<Step>(part.inputs);
    const add = (step: Step): number => {
      const inputs = edges.has(step) ? [] : stepInputs(step).map(add);
      this.#nodes.push({ step, operator: buildOperator(step, withRegister), inputs });
      return this.#nodes.length - 1;
    };
    add(part.root);
  }

  /** Runs a complete micro-batch, including `drain`. */
  processAll(batches: ReadonlyMap<string, Batch>): Batch | Promise<Batch> {
    const result = this.process(batches);
    return result instanceof Promise ? result.then((changes) => this.#withDrained(changes)) : this.#withDrained(result);
  }
  #withDrained(changes: Batch): Batch | Promise<Batch> {
    return this.#gathered(changes, this.drain());
  }
  #gathered(changes: Batch, pieces: Iterable<Batch | Promise<Batch>>): Batch | Promise<Batch> {
    const lists: Batch[] = [changes];
    const waiting: Promise<unknown>[] = [];
    for (const piece of pieces) {
      if (piece instanceof Promise) waiting.push(piece.then((changes) => lists.push(changes)));
      else lists.push(piece);
    }
    const all = (): Batch => joined(lists);
    return waiting.length === 0 ? all() : Promise.all(waiting).then(all);
  }

  /**
   * Runs a part of a micro-batch; `batches` holds the changes of each edge by step id. Returns a promise only when an operator
   * waits.
   */
  process(batches: ReadonlyMap<string, Batch>): Batch | Promise<Batch> {
    return this.#run(batches, [], 0);
  }

  /** Ends a micro-batch: what operators have held back runs through the steps after them, in pieces. */
  drain(): Iterable<Batch | Promise<Batch>> {
    return this.#held((operator) => operator.drain?.() ?? []);
  }
  /** Closes all windows: what operators hold until stream time passes runs through the steps after them. */
  closeIdle(): Batch | Promise<Batch> {
    return this.#emitted((operator) => operator.closeIdle?.() ?? noChanges);
  }
  /** Lets operators that go by the clock emit what is due. */
  tick(): Batch | Promise<Batch> {
    return this.#emitted((operator) => operator.tick?.() ?? noChanges);
  }
  #emitted(give: (operator: Operator) => Batch): Batch | Promise<Batch> {
    const closed = this.#gathered(
      noChanges,
      this.#held((operator) => [give(operator)]),
    );
    return closed instanceof Promise ? closed.then((changes) => this.#withDrained(changes)) : this.#withDrained(closed);
  }
  *#held(piecesOf: (operator: Operator) => Iterable<Batch>): Iterable<Batch | Promise<Batch>> {
    for (const [i, { operator }] of this.#nodes.entries()) {
      for (const piece of piecesOf(operator)) {
        if (sizeOf(piece) === 0) continue;
        const results = this.#nodes.map(() => noChanges);
        results[i] = piece;
        yield this.#run(new Map(), results, i + 1);
      }
    }
  }

  #run(batches: ReadonlyMap<string, Batch>, results: Batch[], from: number): Batch | Promise<Batch> {
    for (let i = from; i < this.#nodes.length; i++) {
      const { step, operator, inputs } = this.#nodes[i]!;
      const changes =
        inputs.length === 0 ? [batches.get(step.id) ?? noChanges] : inputs.map((input) => results[input]!);
      const result = operator.process(changes);
      if (result instanceof Promise) {
        return result.then((changes) => {
          results[i] = changes;
          return this.#run(batches, results, i + 1);
        });
      }
      results[i] = result;
    }
    return results.at(-1)!;
  }

  /** Writes all changes of state since the last flush. */
  flush(into: StateWriter): void {
    for (const { operator } of this.#nodes) operator.keep?.();
    for (const store of this.#stores) store.flush(into);
  }
  /** Whether a store's cache exceeds its size, so that a commit should flush and evict entries. */
  get isFull(): boolean {
    return this.#stores.some((store) => store.isFull);
  }

  /**
   * The current rows of the result, through the stateless steps after the last table; undefined when no operator holds a table.
   */
  current(key?: Row): Iterable<Change> | undefined {
    const path: Operator[] = [];
    let at = this.#nodes.length - 1;
    for (;;) {
      const { operator, inputs } = this.#nodes[at]!;
      if (operator.current !== undefined) {
        let changes: Iterable<Change> = operator.current(key);
        for (const operator of path.reverse()) changes = through(operator, changes);
        return changes;
      }
      if (inputs.length !== 1) return undefined;
      path.push(operator);
      at = inputs[0]!;
    }
  }

  /** The values of a step's calls over a key's frames as they are at a time. */
  valuesAt(stepId: string, key: Row, time: number): ValuesAt | undefined {
    return this.#nodes.find(({ step }) => step.id === stepId)?.operator.valuesAt?.(key, time);
  }
}

/** Rows through an operator without state, in pieces, so that a table of any size needs little memory. */
function* through(operator: Operator, changes: Iterable<Change>): Iterable<Change> {
  for (const piece of batched(changes)) yield* rowsOf(operator.process([batchOf(piece)]) as Batch);
}
