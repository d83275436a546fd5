/** Errors of requests, settings and the node itself. */
export const serverCodes = {
  BAD_REQUEST: { message: (p: { why: string }) => p.why },
  NOT_FOUND: { status: 404, message: (p: { what: string }) => `${p.what} does not exist` },
  UNAUTHORIZED: { status: 401, message: (p: { why: string }) => p.why },
  FORBIDDEN: {
    status: 403,
    message: (p: { user: string; what: string }) => `user "${p.user}" has no right to ${p.what}`,
  },
  USER_LIMIT: {
    status: 429,
    message: (p: { user: string; what: string }) => `user "${p.user}" may not have more than ${p.what}`,
    hint: (p: { setting: string }) => `${p.setting} says so.`,
  },
  CLIENT_STALLED: {
    message: (p: { ms: number }) => `the client took nothing for ${p.ms} ms`,
    hint: () => 'limits.client.stalled.ms says so.',
  },
  CLIENT_BEHIND: {
    message: (p: { rows: number }) => `the client is ${p.rows} rows behind the query that it shares with others`,
    hint: () => 'Ask again, and read faster: what comes meanwhile is not sent.',
  },
  MIGRATION_REFUSED: { message: (p: { why: string }) => p.why },
  QUERY_ENDPOINT: {
    message: () => 'SELECT, SUMMARIZE and PRINT are answered by the query endpoint',
    hint: () => 'POST it to /query-stream.',
  },
  STATEMENT_NOT_QUERY: { message: () => 'the query endpoints answer exactly one SELECT, SUMMARIZE or PRINT' },
  READ_ONLY_SERVER: { message: () => 'this server runs a file of queries: its API is read-only' },
  TOO_MANY_PUSH_QUERIES: {
    message: (p: { limit: number }) => `${p.limit} push queries are running already`,
    hint: () => 'Close one, or raise ksql.max.push.queries.',
  },
  INVALID_SETTING: {
    message: (p: { name: string; value: string; why: string }) => `setting ${p.name}=${p.value}: ${p.why}`,
  },
  UNKNOWN_SETTING: {
    message: (p: { name: string }) => `setting "${p.name}" does not exist`,
    hint: (p: { suggestion: string | undefined }) =>
      p.suggestion === undefined ? 'SHOW PROPERTIES lists them.' : `Did you mean ${p.suggestion}?`,
  },
  SETTING_REFUSED: { message: (p: { name: string; why: string }) => `setting "${p.name}" is not accepted: ${p.why}` },
  SWITCHED_OFF: {
    message: (p: { what: string }) => `${p.what} switched off`,
    hint: (p: { setting: string }) => `${p.setting} is false.`,
  },
  TOO_MANY_QUERIES: {
    message: (p: { limit: number }) => `${p.limit} persistent queries are running already`,
    hint: () => 'Terminate one, or raise ksql.query.persistent.active.limit.',
  },
  STATE_LOCKED: {
    status: 500,
    message: (p: { folder: string; holder: string }) => `the state folder "${p.folder}" is in use by ${p.holder}`,
    hint: () => 'Stop that process, or give this one another folder with --state-dir.',
  },
  STATE_UNAVAILABLE: {
    status: 500,
    message: (p: { machine: string; builds: string; why: string }) =>
      `RocksDB, which holds the state, cannot be loaded on ${p.machine}; its package has builds for ${p.builds}: ${p.why}`,
    hint: () => 'Run Millrace on one of these, or its image for linux/amd64. See docs/deploy.md.',
  },
  STATE_DAMAGED: {
    status: 500,
    message: (p: { what: string }) => `the state folder is damaged: ${p.what}`,
    hint: () => 'Stop the node and run millrace check; millrace restore brings a backup back. See docs/operations.md.',
  },
  BACKUP_REFUSED: { message: (p: { why: string }) => p.why },
  NEWER_VERSION: {
    status: 500,
    message: (p: { what: string; found: number; known: number }) =>
      `${p.what} has version ${p.found}, and this Millrace reads version ${p.known}: it was made by a newer Millrace`,
    hint: () => 'Run a Millrace that is at least as new as the one that wrote it.',
  },
  NEWER_KIND: {
    status: 500,
    message: (p: { what: string }) => `${p.what} is not known to this Millrace: it was made by a newer one`,
    hint: () => 'Run a Millrace that is at least as new as the one that wrote it.',
  },
  OLDER_VERSION: {
    status: 500,
    message: (p: { what: string; found: number; known: number }) =>
      `${p.what} has version ${p.found}, and this Millrace reads version ${p.known}: it was made by an older Millrace`,
    hint: () => 'CHANGELOG.md says what to do with what that version stored.',
  },
  COMMAND_NOT_REACHED: {
    status: 503,
    message: (p: { number: number; applied: number; ms: number }) =>
      `this node has not executed command ${p.number} after ${p.ms} ms: the last one that it has executed is ${p.applied}`,
    hint: () => 'Ask again, or another node.',
  },
  BROKER_UNAVAILABLE: {
    status: 503,
    message: (p: { servers: string; why: string }) => `no Kafka broker answers at ${p.servers}: ${p.why}`,
    hint: () => 'Millrace keeps trying; check bootstrap.servers.',
  },
  BROKER_REFUSES: {
    status: 503,
    message: (p: { servers: string; why: string }) =>
      `the Kafka brokers at ${p.servers} and this node do not trust each other: ${p.why}`,
    hint: () => 'Check security.protocol, sasl.* and ssl.*: docs/security.md has each way in.',
  },
  BROKER_FORBIDS: {
    status: 403,
    message: (p: { why: string }) => p.why,
    hint: () => 'docs/security.md lists the ACLs that a node needs.',
  },
} as const;
