import type { StatementRule } from '../rule.ts';
import { kw } from '../tokens.ts';

export const createConnector: StatementRule = {
  name: 'createConnector',
  starts: ['CREATE SINK CONNECTOR', 'CREATE SOURCE CONNECTOR'],
  rule: ($, r) => {
    $.consume(0, kw('CREATE'));
    $.or(0, [{ ALT: () => $.consume(0, kw('SINK')) }, { ALT: () => $.consume(0, kw('SOURCE')) }]);
    $.consume(0, kw('CONNECTOR'));
    $.option(0, { GATE: () => $.LA(2).tokenType === kw('NOT'), DEF: () => $.subrule(0, r.ifNotExists) });
    $.subrule(0, r.resource);
    $.subrule(0, r.properties);
  },
};
export const dropConnector: StatementRule = {
  name: 'dropConnector',
  starts: ['DROP CONNECTOR'],
  rule: ($, r) => {
    $.consume(0, kw('DROP'));
    $.consume(0, kw('CONNECTOR'));
    $.option(0, { GATE: () => $.LA(2).tokenType === kw('EXISTS'), DEF: () => $.subrule(0, r.ifExists) });
    $.subrule(0, r.resource);
  },
};
export const describeConnector: StatementRule = {
  name: 'describeConnector',
  starts: ['DESCRIBE CONNECTOR'],
  rule: ($, r) => {
    $.consume(0, kw('DESCRIBE'));
    $.consume(0, kw('CONNECTOR'));
    $.subrule(0, r.resource);
  },
};
export const showConnectors: StatementRule = {
  name: 'showConnectors',
  starts: [
    'SHOW [SOURCE] CONNECTORS',
    'SHOW SINK CONNECTORS',
    'LIST [SOURCE] CONNECTORS',
    'LIST SINK CONNECTORS',
    'SHOW CONNECTOR PLUGINS',
    'LIST CONNECTOR PLUGINS',
  ],
  rule: ($) => {
    $.or(0, [{ ALT: () => $.consume(0, kw('SHOW')) }, { ALT: () => $.consume(0, kw('LIST')) }]);
    $.option(0, () => $.or(1, [{ ALT: () => $.consume(0, kw('SOURCE')) }, { ALT: () => $.consume(0, kw('SINK')) }]));
    $.or(2, [
      { ALT: () => $.consume(0, kw('CONNECTORS')) },
      {
        ALT: () => {
          $.consume(0, kw('CONNECTOR'));
          $.consume(0, kw('PLUGINS'));
        },
      },
    ]);
  },
};
