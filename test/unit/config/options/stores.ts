import type { PhysicalPlan } from '../../../../src/plan/physical/step.ts';
import { setSecrets } from '../../../../src/util/secrets.ts';
import { copied, declared, onEngine, outcome, windowed, type Case } from './cases.ts';

setSecrets({ listed: 'x' });
/** An option of a store or server that is not there. */
const outside = (
  name: string,
  target: 'redis' | 'webhook',
  field: (plan: PhysicalPlan) => unknown,
  gives: Case['gives'],
): Case => {
  const url = name === 'url' ? '' : `, url='${target === 'redis' ? 'redis' : 'http'}://127.0.0.1:1'`;
  return declared(name, gives, ({ engine }) => field(engine.catalog.queries.get('EXPORT_S_0')!.plan), {
    others: `${windowed}, sink='${target}'${url}${target === 'redis' ? ", validate='OFF'" : ''}`,
  });
};

/** The options of stores and servers of a stream. */
export const outsideCases = {
  URL: outside('url', 'webhook', (plan) => plan.webhook!.url, [
    ['http://127.0.0.1:1/a', 'http://127.0.0.1:1/a'],
    ['redis://127.0.0.1:1', 'INVALID_PROPERTY_VALUE'],
  ]),
  PASSWORD: outside('password', 'redis', (plan) => plan.online!.secret, [
    ['secret:listed', 'secret:listed'],
    ['plain', 'INVALID_PROPERTY_VALUE'],
  ]),
  AUTH_TOKEN: outside('auth_token', 'webhook', (plan) => plan.webhook!.secret, [
    ['secret:listed', 'secret:listed'],
    ['plain', 'INVALID_PROPERTY_VALUE'],
  ]),
  KEY_PREFIX: outside('key_prefix', 'redis', (plan) => plan.online!.prefix, [
    ['features:', 'features:'],
    ['x', 'x'],
  ]),
  EXPIRE_AFTER: outside('expire_after', 'redis', (plan) => plan.online!.ttlMs, [
    ['48 HOURS', 172_800_000],
    ['soon', 'INVALID_PROPERTY_VALUE'],
  ]),
  BATCH_SIZE: outside('batch_size', 'webhook', (plan) => plan.webhook!.batchSize, [
    ['7', 7],
    ['0', 'INVALID_PROPERTY_VALUE'],
  ]),
  TIMEOUT: outside('timeout', 'webhook', (plan) => plan.webhook!.timeoutMs, [
    ['2 SECONDS', 2000],
    ['soon', 'INVALID_PROPERTY_VALUE'],
  ]),
  VALIDATE: declared(
    'validate',
    [
      ['ON', 'STORE_REFUSED'],
      ['OFF', 'EXPORT_S_0'],
    ],
    ({ engine }) => [...engine.catalog.queries.keys()].join(),
    { others: `${windowed}, sink='redis', url='redis://127.0.0.1:1'` },
  ),
};

const anyUrl = "ONLINE_URL='redis://127.0.0.1:1'";
const viewStore = (options: string, field: (plan: PhysicalPlan) => unknown, gives: Case['gives']): Case => ({
  see: (value) =>
    onEngine({}, async ({ engine, ask }) => {
      await ask(copied);
      const text = await ask(
        `CREATE FEATURE VIEW f ENTITY KEY (k) WITH (ONLINE_STORE='redis', VALIDATE='OFF', ${options.replace('VALUE', value)}) AS SELECT k, v FROM s EMIT CHANGES;`,
      );
      return text.startsWith('!') ? outcome(text) : field(engine.catalog.queries.get('EXPORT_F_1')!.plan);
    }),
  gives,
});
/** The options of a view's store. */
export const viewStoreCases = {
  ONLINE_URL: viewStore("ONLINE_URL='VALUE'", (plan) => plan.online!.url, [
    ['redis://127.0.0.1:1', 'redis://127.0.0.1:1'],
    ['http://127.0.0.1:1', 'INVALID_PROPERTY_VALUE'],
  ]),
  ONLINE_PASSWORD: viewStore(`${anyUrl}, ONLINE_PASSWORD='VALUE'`, (plan) => plan.online!.secret, [
    ['secret:listed', 'secret:listed'],
    ['plain', 'INVALID_PROPERTY_VALUE'],
  ]),
  ONLINE_LAYOUT: viewStore(`${anyUrl}, KEY_PREFIX='p', ONLINE_LAYOUT='VALUE'`, (plan) => plan.online!.layout, [
    ['plain', 'plain'],
    ['feast', 'feast'],
  ]),
};
