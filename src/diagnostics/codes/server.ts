/** What a request, a setting or the node itself can get wrong. */
export const serverCodes = {
  BAD_REQUEST: { message: (p: { why: string }) => p.why },
  NOT_FOUND: { status: 404, message: (p: { what: string }) => `${p.what} does not exist` },
  QUERY_ENDPOINT: {
    message: () => 'SELECT and PRINT are answered by the query endpoint',
    hint: () => 'POST it to /query-stream.',
  },
  STATEMENT_NOT_QUERY: { message: () => 'the query endpoints answer exactly one SELECT or PRINT' },
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
      p.suggestion === undefined ? undefined : `Did you mean ${p.suggestion}?`,
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
    message: (p: { folder: string; pid: string }) => `the state folder "${p.folder}" is in use by process ${p.pid}`,
    hint: () => 'Stop that process, or give this one another folder with --state-dir.',
  },
  STATE_DAMAGED: { status: 500, message: (p: { what: string }) => `the state folder is damaged: ${p.what}` },
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
  BROKER_UNAVAILABLE: {
    status: 503,
    message: (p: { servers: string; why: string }) => `no Kafka broker answers at ${p.servers}: ${p.why}`,
    hint: () => 'Millrace keeps trying; check bootstrap.servers.',
  },
} as const;
