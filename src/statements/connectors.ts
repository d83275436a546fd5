import type { Span } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';
import type { Engine } from '../engine/engine.ts';
import type { Connect } from '../runtime/ports/connect.ts';
import type {
  CreateConnector,
  DescribeConnector,
  DropConnector,
  ShowConnectors,
} from '../syntax/statements/connectors.ts';
import { isSecretKey } from '../util/secrets.ts';
import { entity, warning, type Handler } from './handler.ts';

/** Calls Kafka Connect; a refusal or a failed connection is an error of the statement. */
async function ask<T>({ connect }: Engine, span: Span, action: (connect: Connect) => Promise<T>): Promise<T> {
  if (connect === undefined)
    throw new SqlError('CONNECT_REFUSED', span, {
      why: 'no Kafka Connect is configured',
      hint: 'Set ksql.connect.url.',
    });
  try {
    return await action(connect);
  } catch (error) {
    const { name, message } = error as Error;
    const hint = name === 'ConnectRefused' ? undefined : 'Check ksql.connect.url.';
    throw new SqlError('CONNECT_REFUSED', span, { why: message, hint });
  }
}

const withoutSecrets = (config: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(config).map(([key, value]) => [key, isSecretKey(key) ? '[hidden]' : value]));

export const createConnector: Handler<CreateConnector> = async (statement, { engine, text }) => {
  const { name, span } = statement;
  const exists = (await ask(engine, span, (connect) => connect.names())).includes(name);
  if (exists && statement.ifNotExists) return warning(text, `Connector ${name} already exists`);
  if (exists) throw new SqlError('SOURCE_EXISTS', span, { kind: 'connector', name });
  const config = Object.fromEntries(statement.properties.map(({ name: key, value }) => [key, String(value)]));
  const info = await ask(engine, span, (connect) => connect.create(name, { ...config, name }));
  return entity('connector_info', text, { info: { ...info, config: withoutSecrets(info.config) } });
};

export const dropConnector: Handler<DropConnector> = async (statement, { engine, text }) => {
  const { name, span } = statement;
  if (await ask(engine, span, (connect) => connect.remove(name)))
    return entity('drop_connector', text, { connectorName: name });
  if (statement.ifExists) return warning(text, `Connector '${name}' does not exist.`);
  throw new SqlError('CONNECTOR_NOT_FOUND', span, { name });
};

export const describeConnector: Handler<DescribeConnector> = async ({ name, span }, { engine, text }) => {
  const [info, status, topics] = await ask(engine, span, (connect) =>
    Promise.all([connect.info(name), connect.status(name), connect.topics(name)]),
  );
  if (info === undefined || status === undefined) throw new SqlError('CONNECTOR_NOT_FOUND', span, { name });
  const sources = [...engine.catalog.sources.values()].filter(
    ({ spec, connector }) => topics.includes(spec.topic) || connector === name,
  );
  return entity('connector_description', text, {
    connectorClass: info.config['connector.class'] ?? '',
    status,
    sources: sources.map(({ spec }) => ({ name: spec.name, type: spec.kind, topic: spec.topic })),
    topics,
  });
};

export const showConnectors: Handler<ShowConnectors> = async ({ what, span }, { engine, text }) => {
  if (what === 'PLUGINS') {
    const plugins = await ask(engine, span, (connect) => connect.plugins());
    return entity('connector_plugins_list', text, {
      connectorsPlugins: plugins.map(({ class: className, type, version }) => ({ className, type, version })),
    });
  }
  const connectors = await ask(engine, span, async (connect) =>
    Promise.all(
      (await connect.names()).map(async (name) => {
        const [info, status] = await Promise.all([connect.info(name), connect.status(name)]);
        const running = status?.tasks.filter(({ state }) => state === 'RUNNING').length ?? 0;
        const state =
          status === undefined
            ? 'UNKNOWN'
            : `${status.connector.state} (${running}/${status.tasks.length} tasks RUNNING)`;
        return { name, type: info?.type ?? 'unknown', className: info?.config['connector.class'] ?? '', state };
      }),
    ),
  );
  const wanted = what === 'ALL' ? connectors : connectors.filter(({ type }) => type.toUpperCase() === what);
  return entity('connector_list', text, { connectors: wanted });
};
