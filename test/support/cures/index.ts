import type { Cures, HintedCode } from './cure.ts';
import { expressionCures, syntaxCures } from './expressions.ts';
import { featureCures } from './features.ts';
import { objectCures } from './objects.ts';
import { overCures } from './over.ts';
import { queryCures } from './queries.ts';

/** A hint of each code and what it proposes: a code with a hint and without an entry does not compile. */
export const curesOfCodes: { readonly [C in HintedCode]: Cures } = {
  ...syntaxCures,
  ...expressionCures,
  ...overCures,
  ...queryCures,
  ...objectCures,
  ...featureCures,
  USER_LIMIT: { notOfStatements: 'it names the setting of the operator' },
  CLIENT_STALLED: { notOfStatements: 'it is about how a client reads' },
  CLIENT_BEHIND: { notOfStatements: 'it is about how a client reads' },
  MADE_OTHERWISE: { notOfStatements: 'test/unit/statements has files that run headless' },
  QUERY_ENDPOINT: { notOfStatements: 'test/unit/server has the two endpoints' },
  TOO_MANY_PUSH_QUERIES: { notOfStatements: 'it names the setting of the operator' },
  SWITCHED_OFF: { notOfStatements: 'it names the setting of the operator' },
  STATE_LOCKED: { notOfStatements: 'it is about a folder' },
  STATE_UNAVAILABLE: { notOfStatements: 'it is about the machine' },
  STATE_DAMAGED: { notOfStatements: 'it is about a folder' },
  NEWER_VERSION: { notOfStatements: 'it is about a folder' },
  NEWER_KIND: { notOfStatements: 'it is about a folder' },
  OLDER_VERSION: { notOfStatements: 'it is about a folder' },
  COMMAND_NOT_REACHED: { notOfStatements: 'it is about a node that comes later' },
  BROKER_UNAVAILABLE: { notOfStatements: 'it is about a broker' },
  BROKER_REFUSES: { notOfStatements: 'it is about a broker' },
  TOPIC_REFUSED: { notOfStatements: 'it is about the policies of a broker' },
  BROKER_FORBIDS: { notOfStatements: 'it is about a broker' },
};
