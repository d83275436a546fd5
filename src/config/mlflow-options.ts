import { setModelAccess } from '../util/model-access.ts';
import { address, option, text } from './option.ts';

const orNone = (value: string): string | undefined => value || undefined;

/** Settings about the registry of MLflow, from which models come. */
export const mlflowOptions = [
  option({
    name: 'mlflow.tracking.uri',
    type: address('http://127.0.0.1:5000'),
    default: '',
    doc: "MLflow's tracking server, whose registry has the models of PATH='models:/name/version'",
    read: orNone,
  }),
  option({
    name: 'mlflow.tracking.username',
    type: text,
    default: '',
    doc: 'Who asks MLflow, with `mlflow.tracking.password`',
    read: orNone,
  }),
  option({
    name: 'mlflow.tracking.password',
    type: text,
    default: '',
    doc: 'The password of `mlflow.tracking.username`',
    read: orNone,
    secret: true,
  }),
  option({
    name: 'mlflow.tracking.token',
    type: text,
    default: '',
    doc: 'The bearer token of who asks MLflow, in place of a name and a password',
    read: orNone,
    secret: true,
  }),
] as const;

/** Sets where this thread gets models from; `folder` keeps them. */
export function applyModelAccess(settings: Readonly<Record<string, string>>, folder: string): void {
  const read = (name: (typeof mlflowOptions)[number]['name']): string | undefined => orNone(settings[name] ?? '');
  setModelAccess({
    folder,
    tracking: read('mlflow.tracking.uri'),
    username: read('mlflow.tracking.username'),
    password: read('mlflow.tracking.password'),
    token: read('mlflow.tracking.token'),
  });
}
