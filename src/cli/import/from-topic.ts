import { refuse } from '../migrate/project.ts';
import { declarationOf, type DdlCommand } from './described.ts';
import { stepOf, type ImportStep } from './step.ts';

/** A command of ksqlDB's command topic. */
interface Command {
  readonly statement?: string;
  readonly streamsProperties?: Readonly<Record<string, unknown>>;
  readonly plan?: {
    readonly ddlCommand?: DdlCommand | null;
    readonly queryPlan?: { readonly queryId?: string } | null;
  } | null;
}
interface PlannedStep extends ImportStep {
  readonly ddl: DdlCommand | null | undefined;
}

/**
 * A line of an exported command topic: the command alone; behind its key, as kafka-console-consumer prints it or as ksqlDB's backup
 * has it; or kcat's envelope.
 */
function commandOf(line: string): Command {
  const bare = line.replace(/^\s*"?[\w/`.\-]*"?\s*[:\t ]\s*(?=\{)/, '');
  const read = JSON.parse(bare) as Command & { readonly payload?: string | null };
  if (typeof read.payload === 'string') return JSON.parse(read.payload) as Command;
  if (typeof read.statement !== 'string') refuse('it has no statement');
  return read;
}

/** What an exported command topic has left: its statements in order, without what was dropped or terminated later. */
export function stepsOfTopic(text: string): readonly ImportStep[] {
  let steps: PlannedStep[] = [];
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    let command: Command;
    try {
      command = commandOf(line);
    } catch (error) {
      const refusal = `line ${i + 1} is no command: ${(error as Error).message}`;
      steps.push({ name: '', text: line.slice(0, 200), statement: undefined, properties: {}, refusal, ddl: undefined });
      continue;
    }
    const ddl = command.plan?.ddlCommand;
    const step = stepOf(command.statement!, {
      queryId: command.plan?.queryPlan?.queryId,
      topic: ddl?.topicName,
      properties: command.streamsProperties,
    });
    steps = after(steps, { ...step, ddl });
  }
  return steps;
}

/** The steps that are left after one more: what it drops or terminates is not made at all, and no topic is deleted. */
function after(steps: PlannedStep[], step: PlannedStep): PlannedStep[] {
  const { statement, name } = step;
  if (statement?.kind === 'dropSource') return steps.filter((each) => each.name !== name || isOfType(each));
  if (statement?.kind === 'dropType') return steps.filter((each) => each.name !== name || !isOfType(each));
  if (statement?.kind !== 'queryControl' || statement.action !== 'TERMINATE') return [...steps, step];
  const id = statement.query?.text.toUpperCase();
  return steps.flatMap((each) => {
    const ends = each.queryId !== undefined && (id === undefined || each.queryId.toUpperCase() === id);
    return ends ? withoutQuery(each) : each;
  });
}

const isOfType = ({ statement }: ImportStep): boolean => statement?.kind === 'createType';

function withoutQuery(step: PlannedStep): readonly PlannedStep[] {
  if (step.statement?.kind !== 'createSource') return [];
  const text = declarationOf(step.ddl);
  if (text !== undefined) return [{ ...stepOf(text), ddl: step.ddl }];
  return [
    {
      ...step,
      refusal: `its query ${step.queryId} was terminated, and what is left cannot be declared from here: its window is not told`,
    },
  ];
}
