/** The architecture: which folder of `src` may import which. Anything not listed is an error; types count too. */
export const mayImport = {
  util: [],
  records: ['util'],
  diagnostics: ['util'],
  types: ['util', 'diagnostics'],
  syntax: ['util', 'diagnostics', 'types'],
  functions: ['util', 'diagnostics', 'types'],
  formats: ['util', 'diagnostics', 'types'],
  expressions: ['util', 'diagnostics', 'types', 'functions'],
  catalog: ['util', 'diagnostics', 'types', 'syntax', 'formats', 'functions', 'expressions', 'plan'],
  analysis: ['util', 'diagnostics', 'types', 'syntax', 'formats', 'functions', 'expressions', 'catalog', 'plan'],
  plan: ['util', 'diagnostics', 'types', 'functions', 'formats', 'expressions'], // never syntax or runtime
  runtime: ['util', 'records', 'diagnostics', 'types', 'functions', 'formats', 'expressions', 'plan'], // never catalog or syntax
  engine: ['util', 'records', 'diagnostics', 'types', 'syntax', 'functions', 'formats', 'expressions', 'catalog', 'analysis', 'plan', 'runtime'],
  statements: ['util', 'diagnostics', 'types', 'syntax', 'formats', 'functions', 'expressions', 'catalog', 'analysis', 'plan', 'engine'],
  adapters: ['util', 'records', 'diagnostics', 'types', 'formats', 'functions', 'plan', 'catalog', 'runtime', 'engine'],
  server: ['util', 'diagnostics', 'types', 'syntax', 'formats', 'engine', 'statements'],
  repl: ['util', 'diagnostics', 'types', 'syntax'],
  config: ['util', 'diagnostics'],
  cli: ['util', 'diagnostics', 'syntax', 'config', 'repl', 'server', 'engine', 'statements', 'adapters', 'runtime', 'functions'],
};

/** Packages that only one place may import. */
export const owners = {
  chevrotain: '^(grammar|src/syntax|test)/',
  kafkajs: '^(src/adapters/kafka|test|bench)/',
  '@nxtedition/rocksdb': '^src/adapters/rocksdb/',
  'onnxruntime-node': '^src/adapters/models/',
  express: '^src/server/',
  'fast-check': '^test/',
};
