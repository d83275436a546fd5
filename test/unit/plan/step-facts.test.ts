import { beforeAll, describe, expect, test } from 'vitest';
import { MemoryBackend } from '../../../src/adapters/memory/memory-backend.ts';
import { internalTopics } from '../../../src/adapters/kafka/internal-topics.ts';
import { ModelService } from '../../../src/adapters/models/model-service.ts';
import { changelogTopic } from '../../../src/adapters/kafka/names.ts';
import type { QueryObject } from '../../../src/catalog/catalog.ts';
import {
  callsUserCode,
  factsOf,
  stepFacts,
  stepInputs,
  withInputs,
  type Step,
  type StepOp,
} from '../../../src/plan/physical/step.ts';
import type { StepBase } from '../../../src/plan/physical/steps/base.ts';
import { noExpressions, noFunctions, type StepFacts } from '../../../src/plan/physical/steps/facts.ts';
import { stepsOf, subTopologies } from '../../../src/plan/physical/topology.ts';
import { buildOperator } from '../../../src/runtime/build.ts';
import { layoutOf } from '../../../src/runtime/task/layout.ts';
import type { BuildContext } from '../../../src/runtime/builders/context.ts';
import { keyValue } from '../../../src/runtime/builders/stores.ts';
import { explainSteps } from '../../../src/plan/physical/explain.ts';
import { InternalError } from '../../../src/util/internal-error.ts';
import { everyStepQueries, stepsIn } from '../../support/every-step.ts';

const ops = Object.keys(stepFacts) as StepOp[];
let queries: readonly QueryObject[];
let samples: ReadonlyMap<StepOp, readonly Step[]>;

beforeAll(async () => {
  queries = await everyStepQueries();
  const steps = stepsIn(queries);
  samples = new Map(ops.map((op) => [op, steps.filter((step) => step.op === op)]));
});

/** A context that notes which parts of its state a step opens. */
function noting(opened: Set<string>, settings: Pick<BuildContext, 'conflate' | 'rareCommits'>): BuildContext {
  return {
    ...settings,
    location: (stepId, part) => {
      opened.add(part);
      return { backend: new MemoryBackend(), prefix: Buffer.from(`${stepId}/${part}/`) };
    },
    register: () => undefined,
    report: () => undefined,
    deadLetter: () => undefined,
    count: () => undefined,
    onLate: () => undefined,
    position: { sequence: 0 },
    models: new ModelService(),
  };
}
const settings = [true, false].flatMap((conflate) => [true, false].map((rareCommits) => ({ conflate, rareCommits })));

/** What stands behind every `fn` in the data of a step, however deep, without the steps below. */
function namesIn(data: unknown): string[] {
  if (typeof data !== 'object' || data === null) return [];
  // The metrics of a monitor, which have a text beside, are no functions of the registry.
  const { fn, text } = data as { fn?: unknown; text?: unknown };
  return [...(typeof fn === 'string' && text === undefined ? [fn] : []), ...Object.values(data).flatMap(namesIn)];
}

/** The whole expressions in the data of a step: what has a kind and a type, the parts of such left out. */
function expressionsIn(data: unknown): unknown[] {
  if (typeof data !== 'object' || data === null) return [];
  const { kind, type } = data as { kind?: unknown; type?: unknown };
  if (typeof kind === 'string' && typeof type === 'object') return [data];
  return Object.values(data).flatMap(expressionsIn);
}

describe.each(ops)('%s', (op) => {
  test('stands in a plan of the samples', () => {
    expect(samples.get(op)!.length).toBeGreaterThan(0);
  });

  test('opens the parts of its state that its facts declare, and no others', () => {
    const { state } = stepFacts[op];
    const declared = state === 'none' ? [] : state.parts;
    for (const each of settings) {
      const opened = new Set<string>();
      for (const step of samples.get(op)!) buildOperator(step, noting(opened, each));
      // Which of its stores OVER opens depends on the frames of the step; the samples of other steps open all of theirs.
      expect([...opened].filter((part) => !declared.includes(part))).toEqual([]);
      if (op !== 'over') expect(opened.size).toBe(declared.length);
    }
  });

  test('holds rows back only where its facts say that it conflates', () => {
    for (const step of samples.get(op)!) {
      const operator = buildOperator(step, noting(new Set(), { conflate: true }));
      if ('final' in step && step.final) continue;
      expect('drain' in operator).toBe(stepFacts[op].conflates);
    }
  });

  test('is never free to go, nor run again, nor given rows in any order, where it keeps state', () => {
    const { state, replace, rerunnable, anyOrder } = stepFacts[op];
    if (state !== 'none') expect([replace === 'free', rerunnable, anyOrder]).toEqual([false, false, false]);
  });

  test('names its inputs, and every expression and function that it evaluates', () => {
    for (const step of samples.get(op)!) {
      const facts = factsOf(step);
      const own = Object.fromEntries(
        Object.entries(step).filter(([name]) => !(facts.inputs as readonly string[]).includes(name)),
      );
      expect(
        Object.values(own).filter(
          (value) => typeof value === 'object' && value !== null && 'op' in value && 'id' in value,
        ),
      ).toEqual([]);
      const named = [...facts.functions(step), ...facts.expressions(step).flatMap(namesIn)];
      expect(named.sort()).toEqual(namesIn(own).sort());
      expect(new Set(facts.expressions(step))).toEqual(new Set(expressionsIn(own)));
      expect(withInputs(step, stepInputs(step))).toEqual(step);
    }
  });

  test('has a changelog on Kafka where it keeps state', () => {
    const { state } = stepFacts[op];
    for (const query of queries)
      for (const part of subTopologies(query.plan)) {
        if (state === 'none' || stepsOf(part).every((step) => step.op !== op)) continue;
        expect(internalTopics(layoutOf(query.plan), 'g')).toContain(changelogTopic('g', part.index));
      }
  });
});

test('a builder that opens state which the facts do not declare is an internal error', () => {
  const [project] = samples.get('project')!;
  const [aggregate] = samples.get('streamAggregate')!;
  const context = noting(new Set(), { conflate: false });
  expect(() => keyValue(project!, context)).toThrow(InternalError);
  expect(() => keyValue(aggregate!, context, 'other')).toThrow(InternalError);
  expect(() => keyValue(aggregate!, context)).not.toThrow();
});

test('a part without state has no changelog', () => {
  const scored = queries.find(({ sink }) => sink === 'SCORED')!;
  expect(internalTopics(layoutOf(scored.plan), 'g')).toEqual([]);
});

test('EXPLAIN says what state a step keeps', () => {
  const textOf = (sink: string): string => explainSteps(queries.find((query) => query.sink === sink)!.plan);
  expect(textOf('MET')).toContain(
    '(streamStreamJoin, windowed state left and right and left headers and right headers)',
  );
  expect(textOf('COUNTED')).toContain('(streamAggregate, keyed state)');
  expect(textOf('RUNNING')).toContain(
    '(over, ordered state time and rows and all and base and pending and tiled and tiles and known)',
  );
  expect(textOf('SCORED')).toContain('(invoke)');
});

test('only user code is watched', () => {
  expect(stepsIn(queries).filter(callsUserCode)).toEqual([]);
});

interface SampleStep extends StepBase {
  readonly op: 'sample';
  readonly input: StepBase;
}
const whole = {
  version: 1,
  inputs: ['input'],
  state: 'none',
  replace: 'free',
  placement: 'input',
  ownsRows: false,
  rerunnable: true,
  anyOrder: true,
  conflates: false,
  before: 'never',
  expressions: noExpressions,
  functions: noFunctions,
} satisfies StepFacts<SampleStep>;
const { state: _state, ...stateless } = whole;
const { replace: _replace, ...unreplaced } = whole;
const { placement: _placement, ...unplaced } = whole;
const { ownsRows: _owns, ...unowned } = whole;
const { rerunnable: _rerunnable, ...once } = whole;
const { conflates: _conflates, ...eager } = whole;
const { anyOrder: _order, ...strict } = whole;
const { before: _before, ...forgetful } = whole;
const { expressions: _expressions, ...mute } = whole;
const { functions: _functions, ...idle } = whole;
const { version: _version, ...timeless } = whole;
const { inputs: _inputs, ...rootless } = whole;
/** Each of these leaves one fact out, or gives a wrong one: the compiler refuses it, and this file if it does not. */
export const refused = [
  // @ts-expect-error no word on its state
  stateless satisfies StepFacts<SampleStep>,
  // @ts-expect-error no word on OR REPLACE
  unreplaced satisfies StepFacts<SampleStep>,
  // @ts-expect-error no placement
  unplaced satisfies StepFacts<SampleStep>,
  // @ts-expect-error no word on who owns its rows
  unowned satisfies StepFacts<SampleStep>,
  // @ts-expect-error no word on running it again
  once satisfies StepFacts<SampleStep>,
  // @ts-expect-error no word on conflation
  eager satisfies StepFacts<SampleStep>,
  // @ts-expect-error no word on the order of its rows
  strict satisfies StepFacts<SampleStep>,
  // @ts-expect-error no word on former rows
  forgetful satisfies StepFacts<SampleStep>,
  // @ts-expect-error no expressions
  mute satisfies StepFacts<SampleStep>,
  // @ts-expect-error no functions
  idle satisfies StepFacts<SampleStep>,
  // @ts-expect-error no version
  timeless satisfies StepFacts<SampleStep>,
  // @ts-expect-error no word on its inputs
  rootless satisfies StepFacts<SampleStep>,
  // @ts-expect-error an input that it does not have
  { ...whole, inputs: ['left', 'right'] } satisfies StepFacts<SampleStep>,
  // @ts-expect-error placed as an input that it does not have
  { ...whole, placement: 'left' } satisfies StepFacts<SampleStep>,
];
const { union: _union, ...incomplete } = stepFacts;
// @ts-expect-error a kind of step without facts
export const table: typeof stepFacts = incomplete;
