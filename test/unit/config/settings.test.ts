import { expect, test } from 'vitest';
import { readSettings, sessionDefaults, shownSettings } from '../../../src/config/settings.ts';
import { Session } from '../../../src/engine/session.ts';

const read = (flags: Record<string, string>, environment: Record<string, string> = {}): [object, string[]] => {
  const warnings: string[] = [];
  return [readSettings(flags, environment, undefined, (text) => warnings.push(text)), warnings];
};

test('a setting is found under the names that ksqlDB and Kafka Streams have for it', () => {
  expect(
    read({
      'ksql.streams.auto.offset.reset': 'earliest',
      'ksql.streams.num.stream.threads': '3',
      'ksql.streams.replication.factor': '2',
      'ksql.streams.statestore.cache.max.bytes': '0',
    })[0],
  ).toEqual({
    'auto.offset.reset': 'earliest',
    'ksql.streams.num.stream.threads': '3',
    'ksql.internal.topic.replicas': '2',
    'cache.max.bytes.buffering': '0',
  });
  expect(
    read(
      {},
      {
        KSQL_BOOTSTRAP_SERVERS: 'a:1',
        KSQL_KSQL_SERVICE_ID: 'x_',
        KSQL_KSQL_FUNCTIONS_COLLECT_LIST_LIMIT: '3',
        MILLRACE_STATE_DIR: '/s',
      },
    )[0],
  ).toEqual({
    'bootstrap.servers': 'a:1',
    'ksql.service.id': 'x_',
    'ksql.functions.collect_list.limit': '3',
    'state.dir': '/s',
  });
});

test('a name that no one knows is refused with the nearest one', () => {
  expect(() => read({ 'ksql.servce.id': 'x' })).toThrow('setting "ksql.servce.id" does not exist');
  expect(() => new Session().set('commit.intreval.ms', '5')).toThrow(
    expect.objectContaining({ code: 'UNKNOWN_SETTING', hint: 'Did you mean commit.interval.ms?' }),
  );
});

test('what means nothing here is accepted with a warning, in the environment too', () => {
  expect(read({ 'ksql.streams.consumer.max.poll.records': '5' }, { KSQL_HEAP_OPTS: '-Xmx1g' })).toEqual([
    {},
    [
      'KSQL_HEAP_OPTS in the environment is no setting of Millrace: it is not obeyed',
      'setting "max.poll.records" means nothing to Millrace: it is accepted and not obeyed',
    ],
  ]);
  expect(new Session().set('ksql.streams.producer.linger.ms', '5')).toContain('linger.ms');
});

test.each([
  ['ssl.keystore.provider', 'x'],
  ['tls.version', '1'],
  ['ksql.schema.registry.basic.auth.user.info', 'a:b'],
  ['ksql.streams.ssl.truststore.location', '/x'],
  ['ksql.authentication.plugin.class', 'x'],
  ['sasl.jaas.config', 'x'],
  ['ksql.security.extension.class', 'x'],
  ['access.control.allow.methods', '*'],
])('a security setting that nobody would obey is refused: %s', (name, value) => {
  expect(() => read({ [name]: value })).toThrow(/about security/);
  expect(() => read({}, { [`KSQL_${name.toUpperCase().replaceAll('.', '_')}`]: value })).toThrow(/about security/);
  expect(() => new Session().set(name, value)).toThrow(/about security/);
});

test('a listener is one address over http or https', () => {
  expect(() => read({ listeners: 'http://0.0.0.0:8088,https://0.0.0.0:8089' })).toThrow(/one address/);
  expect(() => read({ listeners: 'ftp://0.0.0.0:8088' })).toThrow(/it must be an address/);
});

test('a limit of ksqlDB that is not kept is refused by name, and accepted where it says what is done anyway', () => {
  expect(() => read({ 'ksql.query.pull.max.qps': '10' })).toThrow(/"ksql.query.pull.max.qps" is not accepted/);
  expect(read({ 'ksql.query.pull.max.qps': '2147483647', 'ksql.udfs.enabled': 'true' })[1]).toEqual([]);
  expect(() => read({ 'ksql.hidden.topics': '_x' })).toThrow(/not supported/);
});

test("a session may not change what is the server's", () => {
  expect(() => new Session().set('bootstrap.servers', 'x')).toThrow(/where the server is started/);
  expect(new Session().set('num.stream.threads', '8')).toContain('num.stream.threads');
  for (const name of ['num.standby.replicas', 'ksql.streams.num.standby.replicas'])
    expect(new Session().set(name, '1')).toContain('num.standby.replicas');
});

test('a session inherits what the server was given, and secrets are not shown', () => {
  const [settings] = read({
    'auto.offset.reset': 'EARLIEST',
    'sasl.password': 'geheim',
    'ksql.schema.registry.url': 'http://user:pw@registry:8081',
  });
  const defaults = sessionDefaults(settings as Record<string, string>);
  expect(new Session(defaults).read('auto.offset.reset')).toBe(true);
  const shown = JSON.stringify(shownSettings(settings as Record<string, string>));
  expect(shown).not.toMatch(/geheim|pw@/);
  expect(shown).toContain('http://[hidden]@registry:8081');
});

test.each(['num.standby.replicas', 'ksql.streams.num.standby.replicas'])(
  'a node keeps copies of state by %s, and a name that is nearly so is answered with it',
  (name) => {
    expect(read({ [name]: '2' })).toEqual([{ 'ksql.streams.num.standby.replicas': '2' }, []]);
    expect(() => read({ [name.slice(0, -1)]: '2' })).toThrow(
      expect.objectContaining({ hint: 'Did you mean ksql.streams.num.standby.replicas?' }) as Error,
    );
  },
);
