import type { Row } from '../types/sql-type.ts';
import { stepInputs, type Step } from '../plan/physical/step.ts';
import type { SubTopology } from '../plan/physical/topology.ts';
import { buildOperator } from './build.ts';
import type { BuildContext } from './builders/context.ts';
import { batchOf, joined, noChanges, rowsOf, sizeOf, type Batch } from './batch.ts';
import type { Change } from './change.ts';
import type { Operator } from './operator.ts';
import type { StateWriter } from './ports/state-backend.ts';
import type { CachedStore } from './stores/cached-store.ts';

interface Node {
  readonly step: Step;
  readonly operator: Operator;
  /** Places of the inputs among the nodes; none for an edge, whose changes are given. */
  readonly inputs: readonly number[];
}

/** The operators of one sub-topology on one partition: micro-batches in, changes out. */
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

  /** A whole micro-batch at once. */
  processAll(given: ReadonlyMap<string, Batch>): Batch | Promise<Batch> {
    const result = this.process(given);
    return result instanceof Promise ? result.then((changes) => this.#withDrained(changes)) : this.#withDrained(result);
  }
  #withDrained(changes: Batch): Batch | Promise<Batch> {
    return this.#gathered(changes, this.drain());
  }
  #gathered(changes: Batch, pieces: Iterable<Batch | Promise<Batch>>): Batch | Promise<Batch> {
    const lists: Batch[] = [changes];
    const waiting: Promise<unknown>[] = [];
    for (const piece of pieces) {
      if (piece instanceof Promise) waiting.push(piece.then((each) => lists.push(each)));
      else lists.push(piece);
    }
    const all = (): Batch => joined(lists);
    return waiting.length === 0 ? all() : Promise.all(waiting).then(all);
  }

  /** Runs a part of a micro-batch: `given` has the changes of each edge by step id. Waits only where an operator does. */
  process(given: ReadonlyMap<string, Batch>): Batch | Promise<Batch> {
    return this.#run(given, [], 0);
  }

  /** Ends a micro-batch: what operators held back goes through the steps behind them, piece by piece. */
  drain(): Iterable<Batch | Promise<Batch>> {
    return this.#held((operator) => operator.drain?.() ?? []);
  }
  /** What waits for stream time leaves, as though all windows were over. */
  closeIdle(): Batch | Promise<Batch> {
    const closed = this.#gathered(
      noChanges,
      this.#held((operator) => [operator.closeIdle?.() ?? noChanges]),
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

  #run(given: ReadonlyMap<string, Batch>, results: Batch[], from: number): Batch | Promise<Batch> {
    for (let i = from; i < this.#nodes.length; i++) {
      const { step, operator, inputs } = this.#nodes[i]!;
      const changes = inputs.length === 0 ? [given.get(step.id) ?? noChanges] : inputs.map((input) => results[input]!);
      const result = operator.process(changes);
      if (result instanceof Promise) {
        return result.then((each) => {
          results[i] = each;
          return this.#run(given, results, i + 1);
        });
      }
      results[i] = result;
    }
    return results.at(-1)!;
  }

  /** Gives every change of state since the last flush. */
  flush(into: StateWriter): void {
    for (const store of this.#stores) store.flush(into);
  }
  /** Whether a store holds more changes than its cache should: a commit makes room. */
  get isFull(): boolean {
    return this.#stores.some((store) => store.isFull);
  }

  /** The rows that the query's result holds now, through its stateless steps; undefined when nothing in it holds a table. */
  current(key?: Row): Iterable<Change> | undefined {
    const path: Operator[] = [];
    let at = this.#nodes.length - 1;
    for (;;) {
      const { operator, inputs } = this.#nodes[at]!;
      if (operator.current !== undefined) {
        let changes: Iterable<Change> = operator.current(key);
        for (const each of path.reverse()) changes = rowsOf(each.process([batchOf([...changes])]) as Batch);
        return changes;
      }
      if (inputs.length !== 1) return undefined;
      path.push(operator);
      at = inputs[0]!;
    }
  }
}
