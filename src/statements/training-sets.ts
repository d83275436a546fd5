import { checkName } from '../analysis/create-source.ts';
import { Properties } from '../bind/properties.ts';
import { isEvaluatedAtRead, type Catalog, type TrainingSet } from '../catalog/catalog.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { Engine } from '../engine/engine.ts';
import { prepareTrainingSet, TrainingJob } from '../engine/training/job.ts';
import { folderFailure, folderPath, openFolder } from '../files/open-folder.ts';
import { readManifest } from '../files/manifest.ts';
import { fileEnding } from '../files/names.ts';
import type { Name } from '../syntax/expressions.ts';
import type { BackgroundJob } from '../engine/training/progress.ts';
import type { CreateTrainingSet, DropTrainingSet } from '../syntax/statements/training-sets.ts';
import { closest } from '../util/closest.ts';
import { currentStatus, entity, warning, type Entity, type Execution, type Handler } from './handler.ts';
import { trainingSetOptions } from './training-set-options.ts';

/** CREATE TRAINING SET: starts a job that writes the rows of now, and answers at once. */
export const createTrainingSet: Handler<CreateTrainingSet> = async (statement, execution) => {
  const { engine, session, text, distribute } = execution;
  const { name, query } = statement;
  const existing = engine.catalog.trainingSets.get(name.text);
  if (existing !== undefined && statement.ifNotExists)
    return warning(text, `Cannot add training set \`${name.text}\`: A training set with the same name already exists.`);
  if (existing !== undefined && !statement.orReplace)
    throw new SqlError('TRAINING_SET_EXISTS', name.span, { name: name.text });
  checkName(name);
  const given = propertiesOf(statement);
  const set = setOf(statement, given, text);
  const { bound, spine } = await prepareTrainingSet(query, engine, session);
  const refuse = (why: string): never => {
    throw new SqlError('TRAINING_SET_INVALID', statement.span, { why });
  };
  if (set.label !== undefined && !bound.outputs.some((output) => output.name === set.label))
    refuse(`LABEL is ${set.label}, which SELECT does not give`);
  if ((set.fromMs !== undefined || set.toMs !== undefined) && bound.joins.length === 0)
    refuse('FROM_TIME and TO_TIME are bounds of AS OF, and nothing is joined');
  const atRead = bound.joins.filter(({ view }) => isEvaluatedAtRead(view.featureView));
  if (set.asKnown && atRead[0] !== undefined)
    refuse(
      `AS_KNOWN is not for ${atRead[0].view.spec.name}: with EVAL='AT_READ' its sources do not say when an event became known`,
    );
  const idle = atRead.find(({ view }) => engine.catalog.fillingQuery(view.spec.name) === undefined);
  if (idle !== undefined)
    refuse(`the query of ${idle.view.spec.name} was terminated: with EVAL='AT_READ' it is run again for its frames`);
  const unkept = bound.joins.filter(({ view }) => engine.catalog.filesOf(view.spec.name) === undefined);
  if (set.asKnown && unkept[0] !== undefined)
    refuse(
      `AS_KNOWN needs OFFLINE_STORE='parquet' of ${unkept[0].view.spec.name}: a topic does not say when a row became known`,
    );
  await checkFolder(set, existing, given);
  await engine.trainingJobs.get(name.text)?.cancel();
  const number = await distribute({ v: 1, kind: 'putTrainingSet', set });
  engine.trainingJobs.set(name.text, new TrainingJob(set, bound, spine, engine));
  const compacted = unkept.filter(({ view }) => view.spec.kind === 'TABLE');
  const warnings = compacted.map(({ view }) => ({
    message: `${view.spec.name} has no files, and its topic is compacted: of its history only what is left there counts.`,
  }));
  const answer = currentStatus(
    text,
    `training_set/${name.text}/create`,
    `Training set ${name.text} is being made. SHOW TRAINING SETS tells how far it is.`,
    number,
  );
  return { ...answer, warnings };
};

const propertiesOf = ({ properties, span }: CreateTrainingSet) => new Properties(properties, trainingSetOptions, span);
type Given = ReturnType<typeof propertiesOf>;

function setOf({ name, comment }: CreateTrainingSet, given: Given, statement: string): TrainingSet {
  given.read('FORMAT');
  return {
    name: name.text,
    statement,
    comment,
    path: folderPath(given.required('PATH')),
    rowsPerFile: given.read('ROWS_PER_FILE'),
    fromMs: given.read('FROM_TIME'),
    toMs: given.read('TO_TIME'),
    label: given.read('LABEL'),
    asKnown: given.read('AS_KNOWN'),
  };
}

/** Files that are there are replaced only where the statement says so, or by a new version of the same set. */
async function checkFolder(
  { path, name }: TrainingSet,
  existing: TrainingSet | undefined,
  given: Given,
): Promise<void> {
  const refuse = (why: string, hint: string): never => {
    throw new SqlError('FILES_REFUSED', given.span('PATH'), { name, why, hint });
  };
  const folder = openFolder(path);
  let others: string[] = [];
  try {
    others = await folder.shown(fileEnding);
    await folder.stage('check', Buffer.alloc(0));
    await folder.discard(['check']);
  } catch (error) {
    const { why, hint } = folderFailure(error, 'The server must be allowed to make the folder and to write to it.');
    refuse(`${path} cannot be written to (${why})`, hint);
  }
  if (given.read('MODE') === 'ERROR' && existing?.path !== path && others.length > 0)
    refuse(`${path} has files already, such as ${others[0]!}`, "Name another folder, or say MODE='OVERWRITE'.");
}

/** The training set that a statement names. */
function requireTrainingSet({ text: name, span }: Name, { trainingSets }: Catalog): TrainingSet {
  const set = trainingSets.get(name);
  if (set === undefined)
    throw new SqlError('TRAINING_SET_NOT_FOUND', span, { name, suggestion: closest(name, trainingSets.keys()) });
  return set;
}

export const dropTrainingSet: Handler<DropTrainingSet> = async ({ name, ifExists }, { engine, text, distribute }) => {
  if (ifExists && !engine.catalog.trainingSets.has(name.text))
    return warning(text, `Training set ${name.text} does not exist.`);
  requireTrainingSet(name, engine.catalog);
  await engine.trainingJobs.get(name.text)?.cancel();
  engine.trainingJobs.delete(name.text);
  const number = await distribute({ v: 1, kind: 'dropTrainingSet', name: name.text });
  return currentStatus(
    text,
    `training_set/${name.text}/drop`,
    `Training set ${name.text} was dropped; its files stay.`,
    number,
  );
};

/** What SHOW TRAINING SETS tells. */
export const listTrainingSets = ({ catalog, trainingJobs }: Engine): Promise<Record<string, unknown>[]> =>
  Promise.all(
    [...catalog.trainingSets.values()].map(async (set) => {
      const job = trainingJobs.get(set.name);
      return trainingSetInfo(set, job, job === undefined ? await manifestOf(set) : undefined);
    }),
  );

const manifestOf = ({ path }: TrainingSet): ReturnType<typeof readManifest> => readManifest(openFolder(path));

/** How far a set is; of one that this node is not making, what its manifest says. */
function trainingSetInfo(
  { name, path, label, comment, statement }: TrainingSet,
  job: BackgroundJob | undefined,
  manifest: Readonly<Record<string, unknown>> | undefined,
): Record<string, unknown> {
  const progress = job?.progress;
  const made = job === undefined ? manifest : undefined;
  return {
    name,
    path,
    label: label ?? null,
    comment: comment ?? null,
    statement,
    state: progress?.state ?? (made === undefined ? 'NOT MADE HERE' : 'DONE'),
    spineRows: progress?.spineRows ?? made?.['spineRows'] ?? null,
    historyRows: progress?.historyRows ?? made?.['historyRows'] ?? null,
    rows: progress?.rowsWritten ?? made?.['rows'] ?? null,
    error: progress?.error ?? null,
  };
}

/** DESCRIBE TRAINING SET: how far it is, and what the manifest of its files says. */
export async function describeTrainingSet(name: Name, { engine, text }: Execution): Promise<Entity> {
  const set = requireTrainingSet(name, engine.catalog);
  const manifest = await manifestOf(set);
  const info = trainingSetInfo(set, engine.trainingJobs.get(set.name), manifest);
  return entity('training_set_description', text, { trainingSet: { ...info, manifest: manifest ?? null } });
}
