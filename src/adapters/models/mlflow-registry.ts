import { modelAccess } from '../../util/model-access.ts';
import type { HttpAnswer } from '../../util/http-request.ts';
import type { RegisteredModel } from '../../util/model-path.ts';
import { callOut } from '../../util/outbound.ts';
import { withoutSecret } from '../../util/secrets.ts';

/** MLflow does not answer, or has not what it is asked for. */
class MlflowFailure extends Error {
  override readonly name = 'MlflowFailure';
  readonly retriable = true;
  readonly hint = 'mlflow.tracking.uri says where MLflow is; its registry has the model, and who asks may read it.';
}

export type MlflowPath = `/api/2.0/mlflow${string}`;

/** A server that says nothing for so long is given up, and a model that has not come after so long. */
const answerMs = 30_000;
const fileMs = 600_000;

/** The address of the tracking server, or of a host that an address of artifacts names. */
export function trackingServer(host?: string): string {
  const { tracking } = modelAccess();
  if (tracking === undefined) throw new TypeError("PATH='models:/…' needs the setting mlflow.tracking.uri");
  return host === undefined ? tracking.replace(/\/+$/, '') : `${new URL(tracking).protocol}//${host}`;
}

/** Only the tracking server itself gets to know who asks. */
function authorization(server: string): Record<string, string> {
  const { username, password, token } = modelAccess();
  if (new URL(server).origin !== new URL(trackingServer()).origin) return {};
  if (token !== undefined) return { authorization: `Bearer ${token}` };
  if (username === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}` };
}

/** Asks MLflow; gives its answer, whose body has not been read. */
export async function fromMlflow(server: string, path: MlflowPath): Promise<HttpAnswer> {
  const { password, token } = modelAccess();
  const said = (what: string): MlflowFailure =>
    new MlflowFailure(`MLflow at ${new URL(server).host}: ${withoutSecret(withoutSecret(what, token), password)}`);
  const signal = AbortSignal.timeout(path.includes('/artifacts/') ? fileMs : answerMs);
  let answer: HttpAnswer;
  try {
    answer = await callOut(`${server}${path}`, { method: 'GET', headers: authorization(server), signal });
  } catch (error) {
    throw said((error as Error).message);
  }
  if (answer.status !== 200) throw said(messageOf(await answer.text(), answer.status));
  return answer;
}

function messageOf(body: string, status: number): string {
  try {
    const { message } = JSON.parse(body) as { message?: unknown };
    if (typeof message === 'string') return message;
  } catch {
    // It is no answer of MLflow's own: its status is what there is to tell.
  }
  return `it answers ${status}`;
}

const ask = async (path: MlflowPath, query: Readonly<Record<string, string>>): Promise<Record<string, unknown>> =>
  JSON.parse(
    await (await fromMlflow(trackingServer(), `${path}?${String(new URLSearchParams(query))}` as const)).text(),
  ) as Record<string, unknown>;

/** The version of a registered model, which an alias may name. */
export async function versionOf({ name, version, alias }: RegisteredModel): Promise<string> {
  if (version !== undefined) return version;
  const found = (await ask('/api/2.0/mlflow/registered-models/alias', { name, alias: alias! })) as {
    model_version?: { version?: string };
  };
  const number = found.model_version?.version;
  if (number === undefined) throw new MlflowFailure(`MLflow names no version of ${name}@${alias!}`);
  return String(number);
}

/** Where the files of a version are. */
export async function artifactsOf(name: string, version: string): Promise<string> {
  const found = await ask('/api/2.0/mlflow/model-versions/get-download-uri', { name, version });
  const uri = found['artifact_uri'];
  if (typeof uri !== 'string') throw new MlflowFailure(`MLflow names no files of ${name} version ${version}`);
  return uri;
}
