import { callsUserCode, factsOf, ownsRows, type Step, type StepOf, type StepOp } from '../../src/plan/physical/step.ts';
import { wrapOperators } from '../../src/runtime/build.ts';
import type { BuildContext } from '../../src/runtime/builders/context.ts';
import type { StateWriter } from '../../src/runtime/ports/state-backend.ts';
import type { CachedStore } from '../../src/runtime/stores/cached-store.ts';
import { after } from '../../src/runtime/stores/key-bytes.ts';
import { InternalError } from '../../src/util/internal-error.ts';
import { checked, violations, type BeforeRule } from './checked.ts';

type RuleOf<Op extends StepOp> = BeforeRule | ((step: StepOf<Op>) => BeforeRule);
const aggregated = ({ withBefore }: { readonly withBefore?: true }): BeforeRule => (withBefore ? 'rows' : 'latest');
const ofInput = ({ input }: { readonly input: Step }): BeforeRule => beforeRule(input);
const appends = 'appends';

/** What the changes of each step say about previous rows. */
const rules: { readonly [Op in StepOp]: RuleOf<Op> } = {
  streamSource: appends,
  tableSource: 'rows',
  streamFilter: appends,
  tableFilter: ofInput,
  project: ofInput,
  flatMap: appends,
  streamRekey: appends,
  tableRekey: 'moves',
  repartition: ofInput,
  streamAggregate: aggregated,
  tableAggregate: aggregated,
  windowedAggregate: (step) => (step.final ? 'once' : aggregated(step)),
  sessionAggregate: (step) => (step.final ? 'once' : aggregated(step)),
  slidingAggregate: (step) => (step.final ? 'once' : aggregated(step)),
  cumulateAggregate: (step) => (step.final ? 'once' : aggregated(step)),
  streamStreamJoin: appends,
  streamTableJoin: appends,
  tableTableJoin: 'rows',
  temporalJoin: appends,
  union: appends,
  foreignKeySubscribe: appends,
  foreignKeyLookup: appends,
  foreignKeyResolve: 'rows',
  over: appends,
  dedup: appends,
  rank: 'rows',
  match: appends,
  sort: appends,
  invoke: appends,
  invokeUnordered: appends,
  monitor: appends,
  datagen: appends,
};
function beforeRule(step: Step): BeforeRule {
  const rule = rules[step.op] as RuleOf<StepOp>;
  return typeof rule === 'function' ? rule(step) : rule;
}

/** Steps whose rows are internal messages, which the step's columns do not describe. */
const messages: ReadonlySet<StepOp> = new Set<StepOp>(['foreignKeySubscribe', 'foreignKeyLookup']);
const isMessage = (step: Step): boolean =>
  messages.has(step.op) || (step.op === 'repartition' && isMessage(step.input));

/** The maximum size of an entry of state, in bytes: of OVER a chunk; of others it may be a list, which is cut when it is written. */
const mostBytes = (step: Step): number => (step.op === 'over' || step.op === 'temporalJoin' ? 256_000 : 16_000_000);

/** Checks the contract of every operator built from now on, and the size of every entry of state. */
export function checkOperators(entryBytes?: number): void {
  const pipelines = new WeakMap<BuildContext['register'], { stores: number; fresh: boolean }>();
  wrapOperators((build) => (step, context) => {
    let pipeline = pipelines.get(context.register);
    if (pipeline === undefined) pipelines.set(context.register, (pipeline = { stores: 0, fresh: true }));
    const seen = pipeline;
    const operator = build(step, {
      ...context,
      location: (stepId, part) => {
        const location = context.location(stepId, part);
        seen.stores++;
        for (const _ of location.backend.range(location.prefix, after(location.prefix))) {
          seen.fresh = false;
          break;
        }
        return location;
      },
      register: (store) => context.register(bounded(store, `${step.op} ${step.id}`, entryBytes ?? mostBytes(step))),
    });
    return checked(operator, {
      name: `${step.op} ${step.id}`,
      before: beforeRule(step),
      fresh: seen.stores > 0 && seen.fresh,
      owns: ownInputs(step),
      isLate: step.op === 'invokeUnordered',
      makes: factsOf(step).ownsRows === true,
      types: isMessage(step) ? undefined : step.columns.map(({ type }) => type),
    });
  });
}

function ownInputs(step: Step): readonly boolean[] {
  if (step.op === 'project' || step.op === 'streamRekey') return [ownsRows(step.input) && !callsUserCode(step)];
  if (step.op === 'streamTableJoin') return [ownsRows(step.left), false];
  return [];
}

/** A store that fails when an entry larger than the bound is flushed. */
function bounded(store: CachedStore, name: string, most: number): CachedStore {
  const flush = store.flush.bind(store);
  store.flush = (into: StateWriter) =>
    flush({
      delete: (key) => into.delete(key),
      put: (key, value) => {
        if (value.length > most) {
          const message = `${name}: one entry of its state has ${value.length} bytes`;
          violations.push(message);
          throw new InternalError(message);
        }
        into.put(key, value);
      },
    });
  return store;
}
