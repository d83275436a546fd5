import { setImmediate as nextTurn } from 'node:timers/promises';
import { entityPlaces, type EntityPlace } from '../../plan/physical/entity-places.ts';
import { factsOf, allSteps, type PhysicalPlan } from '../../plan/physical/step.ts';
import type { Erasures } from '../../specs/erasure.ts';
import type { Row } from '../../types/sql-type.ts';
import { keyText } from '../change.ts';
import { decodeValue, encodeValue } from '../codec.ts';
import { erasedKey } from '../erased-entities.ts';
import type { CommitObserver, Reading, TaskLog } from '../ports/log.ts';
import type { StateBackend, StateWriter } from '../ports/state-backend.ts';
import type { PendingRow } from '../pending-rows.ts';
import { EntityStore } from '../sinks/entities.ts';
import { after } from '../stores/key-bytes.ts';
import { LargeEntries } from '../stores/large-entries.ts';
import type { TaskSpec } from './spec.ts';

/** So many entries are looked at between two turns of the thread. */
const perTurn = 5000;

/** The state of a task at rest: nothing has read it yet. */
interface StateAtRest {
  readonly backend: StateBackend;
  /** What all of its keys begin with. */
  readonly prefix: Buffer;
  readonly writer: StateWriter;
}

/** What a task commits with. */
interface ErasePorts {
  readonly output: TaskLog | undefined;
  readonly backend: StateBackend;
  readonly statePrefix: Buffer;
  readonly pieceBytes?: number;
  readonly observe?: CommitObserver | undefined;
}

/** Takes what was erased since its last start out of a task's state, in a commit of its own, before anything reads it. */
export async function eraseAtStart(
  { erased, plan }: TaskSpec,
  { output, backend, statePrefix, pieceBytes, observe = () => undefined }: ErasePorts,
  readings: readonly { readonly reading: Reading }[],
  committed: readonly (number | undefined)[] = [],
): Promise<void> {
  if (output === undefined || erased?.own === undefined) return;
  const positions = readings.flatMap(({ reading }, i) =>
    committed[i] === undefined ? [] : { ...reading, offset: committed[i] },
  );
  const entries = new LargeEntries(backend, statePrefix, pieceBytes, output.stateEntryBytes);
  const batch = backend.batch();
  const writer = entries.writer(output.stateWriter(batch));
  if (await eraseEntities(plan, erased.own, { backend: entries, prefix: statePrefix, writer }))
    await output.commit(positions, batch, observe);
}

/**
 * Takes erased entities out of a task's state, each of them once in its life: the newest row, aggregates, and the events of window
 * functions. Says whether anything was written, which must be committed before the state is read.
 */
async function eraseEntities(plan: PhysicalPlan, { columns, list }: Erasures, state: StateAtRest): Promise<boolean> {
  const { backend, prefix, writer } = state;
  const mark = Buffer.concat([prefix, Buffer.from('erased')]);
  const [stored] = backend.getMany([mark]);
  const done = stored === undefined ? 0 : (decodeValue(stored) as number);
  if (done >= list.length) return false;
  const keys = list.slice(done).map(({ key }) => erasedKey(key));
  if (plan.entityKey !== undefined)
    for (const key of keys) writer.delete(Buffer.concat([prefix, EntityStore.keyOf(key)]));
  const steps = new Map(allSteps(plan.root).map((step) => [step.id, step]));
  for (const place of entityPlaces(plan.root, columns)) {
    const facts = factsOf(steps.get(place.stepId)!).state;
    if (facts !== 'none') await eraseStep(place, facts.parts, keys, state);
  }
  writer.put(mark, encodeValue(list.length));
  return true;
}

/** Goes over a step's entries. Each is behind its part, numbers of what is within that, and a letter that says how it is made. */
async function eraseStep(
  place: EntityPlace,
  parts: readonly string[],
  keys: readonly Row[],
  { backend, prefix, writer }: StateAtRest,
): Promise<void> {
  const texts = new Set(keys.map((key) => keyText(place.key.map((at) => key[at]!))));
  const start = Buffer.concat([prefix, Buffer.from(`${place.stepId}/`)]);
  const form = new RegExp(`^(${parts.join('|')})/(?:\\d+/)*([kweg])`);
  let count = 0;
  for (const [bytes, value] of backend.range(start, after(start))) {
    const head = form.exec(bytes.latin1Slice(start.length, Math.min(bytes.length, start.length + 64)));
    if (head !== null) {
      const at = start.length + head[0].length;
      const isWaiting = head[1] === 'pending' && place.slots !== undefined;
      const isErased = isWaiting ? texts.has(textOfWaiting(value, place)) : isOf(head[2]!, bytes, at, texts);
      if (isErased) writer.delete(bytes);
    }
    if (++count % perTurn === 0) await nextTurn();
  }
}

/** A row that waits as a whole stands under its time and number. */
function textOfWaiting(value: Buffer, { key, slots }: EntityPlace): string {
  const [, row] = decodeValue(value) as PendingRow;
  return keyText(key.map((at) => row[slots![at]!]!));
}

/** Whether an entry of a store is of one of these keys: what comes behind the letter is as the stores write it. */
function isOf(letter: string, bytes: Buffer, at: number, texts: ReadonlySet<string>): boolean {
  switch (letter) {
    case 'k':
      return texts.has(bytes.utf8Slice(at, bytes.length));
    case 'w':
      return texts.has(bytes.utf8Slice(at + 8, bytes.length));
    case 'e':
      return texts.has(bytes.utf8Slice(at + 12, at + 12 + bytes.readUInt32BE(at + 8)));
    default: {
      const rest = bytes.utf8Slice(at, bytes.length);
      return [...texts].some((text) => rest.startsWith(`${text.length}:${text}`));
    }
  }
}
