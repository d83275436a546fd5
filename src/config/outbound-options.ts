import { setOutbound } from '../util/outbound.ts';
import { setSecrets } from '../util/secrets.ts';
import { option, text } from './option.ts';

/** Settings about what a node calls. */
export const outboundOptions = [
  option({
    name: 'outbound.hosts',
    type: text,
    default: '',
    doc: 'Hosts that models, MLflow, stores, S3, webhooks, the schema registry, Connect, the keys of bearer tokens and the endpoint of tokens for brokers may be at, by commas: name, name:port or *.domain; without it any but link-local and metadata addresses',
    read: (value) => {
      const hosts = value.split(',').flatMap((host) => host.trim() || []);
      return hosts.length === 0 ? undefined : hosts;
    },
  }),
] as const;

const secretPrefix = 'millrace.secrets.';

/** Whether a setting is a secret that statements may name; the operator chooses the rest of its name. */
export const isSecretSetting = (name: string): boolean => /^millrace\.secrets\.[\w.-]+$/.test(name);

/** Sets what this thread may call and which secrets its statements may name. */
export function applyOutbound(settings: Readonly<Record<string, string>>): void {
  setOutbound({ hosts: outboundOptions[0].read(settings['outbound.hosts']) });
  setSecrets(
    Object.fromEntries(
      Object.entries(settings).flatMap(([name, place]) =>
        isSecretSetting(name) ? [[name.slice(secretPrefix.length), place]] : [],
      ),
    ),
  );
}
