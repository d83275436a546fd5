/** Errors in expressions. */
export const expressionCodes = {
  COLUMN_NOT_FOUND: {
    message: (p: { column: string }) => `column "${p.column}" cannot be resolved`,
    hint: (p: { column: string; candidates: readonly string[]; suggestion: string | undefined }) =>
      p.suggestion !== undefined
        ? `Did you mean ${p.suggestion}?`
        : p.candidates.length > 0
          ? `Columns in scope: ${p.candidates.join(', ')}.`
          : undefined,
  },
  AMBIGUOUS_COLUMN: {
    message: (p: { column: string }) => `column "${p.column}" is ambiguous`,
    hint: (p: { candidates: readonly string[] }) => `Qualify it: ${p.candidates.join(' or ')}.`,
  },
  SOURCE_ALIAS_NOT_FOUND: {
    message: (p: { alias: string }) => `"${p.alias}" is not a source of this query`,
    hint: (p: { candidates: readonly string[] }) => `Sources in scope: ${p.candidates.join(', ')}.`,
  },
  FUNCTION_NOT_FOUND: {
    message: (p: { name: string }) => `function "${p.name}" does not exist`,
    hint: (p: { suggestion: string | undefined }) =>
      p.suggestion === undefined ? 'SHOW FUNCTIONS lists them.' : `Did you mean ${p.suggestion}?`,
  },
  FUNCTION_ARGUMENTS: {
    message: (p: { name: string; types: string }) => `function "${p.name}" does not accept (${p.types})`,
    hint: (p: { overloads: readonly string[] }) => `It accepts:\n  ${p.overloads.join('\n  ')}`,
  },
  FUNCTION_AMBIGUOUS: {
    message: (p: { name: string; types: string }) =>
      `function "${p.name}" has several forms for (${p.types}), and NULL has no type of its own`,
    hint: () => 'Give one argument a type: CAST(NULL AS type).',
  },
  CONSTANT_ARGUMENT: {
    message: (p: { name: string; parameter: string }) => `argument "${p.parameter}" of ${p.name} must be a literal`,
  },
  LITERAL_ARGUMENT: {
    message: (p: { name: string; parameter: string; text: string; why: string }) =>
      `'${p.text}' cannot be the ${p.parameter} of ${p.name}: ${p.why}`,
  },
  COUNT_ARGUMENT: {
    message: (p: { name: string; parameter: string }) => `argument "${p.parameter}" of ${p.name} must be 1 or greater`,
  },
  CONSTANT_RANGE: {
    message: (p: { name: string; parameter: string; wanted: string }) =>
      `argument "${p.parameter}" of ${p.name} must be ${p.wanted}`,
  },
  TYPE_MISMATCH: {
    message: (p: { operation: string; left: string; right: string }) =>
      `${p.operation} does not accept ${p.left} and ${p.right}`,
  },
  COMPARE_MISMATCH: {
    message: (p: { op: string; left: string; right: string }) =>
      `${p.left} cannot be compared with ${p.right} by ${p.op}`,
    hint: () => 'Convert one side with CAST.',
  },
  COMPARE_WITH_NULL: { message: () => 'comparison with NULL is never true', hint: () => 'Use IS NULL or IS NOT NULL.' },
  NULL_OPERAND: {
    message: (p: { operation: string }) => `${p.operation} of NULL has no type`,
    hint: () => 'Write CAST(NULL AS type).',
  },
  NOT_BOOLEAN: { message: (p: { what: string; type: string }) => `${p.what} must be BOOLEAN, not ${p.type}` },
  CASE_BRANCHES: {
    message: (p: { first: string; other: string }) =>
      `the branches of CASE have different types: ${p.first} and ${p.other}`,
    hint: () => 'Convert them to one type with CAST.',
  },
  CAST_NOT_SUPPORTED: { message: (p: { from: string; to: string }) => `${p.from} cannot be cast to ${p.to}` },
  FIELD_NOT_FOUND: {
    message: (p: { field: string; type: string }) => `field "${p.field}" does not exist in ${p.type}`,
  },
  NOT_A_STRUCT: { message: (p: { type: string }) => `-> needs a STRUCT, not ${p.type}` },
  NOT_SUBSCRIPTABLE: { message: (p: { type: string }) => `[] needs an ARRAY or a MAP, not ${p.type}` },
  SUBSCRIPT_TYPE: {
    message: (p: { expected: string; type: string }) => `the subscript must be ${p.expected}, not ${p.type}`,
  },
  EMPTY_CONSTRUCTOR: {
    message: (p: { what: string }) => `${p.what} needs at least one element that is not NULL`,
    hint: ({ what, isEmpty }: { what: string; isEmpty: boolean }) =>
      what === 'STRUCT'
        ? 'Write its fields: STRUCT(a := 1).'
        : !isEmpty
          ? 'Its type cannot be known otherwise: CAST one element.'
          : what === 'ARRAY'
            ? 'Say what it is an array of: CAST(ARRAY[] AS ARRAY<INT>).'
            : 'Say what it is a map of: CAST(MAP() AS MAP<STRING, INT>).',
  },
  NO_COMMON_TYPE: {
    message: (p: { what: string; left: string; right: string }) => `${p.what} mixes ${p.left} and ${p.right}`,
  },
  MAP_KEY_TYPE: { message: (p: { type: string }) => `map keys must be STRING, not ${p.type}` },
  DUPLICATE_FIELD: { message: (p: { field: string }) => `field "${p.field}" is given twice` },
  INTERVAL_INVALID: {
    message: (p: { why: string }) => `INTERVAL: ${p.why}`,
    hint: (p: { hint: string }) => p.hint,
  },
  LITERAL_CONVERSION: { message: (p: { text: string; type: string }) => `'${p.text}' is not a ${p.type}` },
  LAMBDA_MISPLACED: { message: () => 'a lambda can only be an argument of a function that takes one' },
  LAMBDA_RESULT: {
    message: (p: { type: string; wanted: string }) => `the lambda gives ${p.type}, and ${p.wanted} is needed`,
  },
  LAMBDA_NAME_CLASH: {
    message: (p: { name: string }) => `lambda argument "${p.name}" has the name of a column or of an outer argument`,
  },
  INVALID_TYPE: { message: (p: { type: string; why: string }) => `${p.type}: ${p.why}` },
  TYPE_NOT_FOUND: {
    message: (p: { name: string }) => `type "${p.name}" does not exist`,
    hint: (p: { name: string; suggestion: string | undefined }) =>
      p.name === 'NUMERIC'
        ? 'Say how many digits it has: NUMERIC(38, 10).'
        : p.suggestion === undefined
          ? 'A name can be given to a type: CREATE TYPE name AS STRING; and SHOW TYPES lists those that have one.'
          : `Did you mean ${p.suggestion}?`,
  },
  AGGREGATE_MISPLACED: {
    message: (p: { name: string; where: string }) => `aggregate function "${p.name}" cannot stand in ${p.where}`,
  },
  AGGREGATE_NESTED: {
    message: (p: { name: string }) => `aggregate function "${p.name}" cannot stand inside another one`,
  },
  TABLE_FUNCTION_MISPLACED: {
    message: (p: { name: string; where: string }) => `table function "${p.name}" cannot stand in ${p.where}`,
  },
} as const;
