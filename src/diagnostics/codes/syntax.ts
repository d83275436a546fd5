/** Errors found while parsing a statement. */
export const syntaxCodes = {
  SYNTAX_ERROR: {
    message: (p: { found: string; expected: string | undefined }) =>
      p.found === 'the end of the statement'
        ? `the statement ends too early${p.expected === undefined ? '' : `: ${p.expected} is expected`}`
        : `"${p.found}" is not expected here${p.expected === undefined ? '' : `: ${p.expected} is expected`}`,
    hint: (p: { suggestion: string | undefined; cure: string | undefined }) =>
      p.cure ?? (p.suggestion === undefined ? undefined : `Did you mean ${p.suggestion}?`),
  },
  UNEXPECTED_CHARACTER: {
    message: (p: { text: string }) => `"${p.text}" starts no token`,
    hint: () => 'Is a quote missing its pair?',
  },
  MISSING_SEMICOLON: {
    message: () => 'the statement does not end with a semicolon',
    hint: () => 'End every statement with ";".',
  },
  NESTED_TOO_DEEP: { message: (p: { limit: number }) => `the expression is nested deeper than ${p.limit} levels` },
  STATEMENT_TOO_COMPLEX: {
    message: () => 'the statement is too large to be planned',
    hint: () => 'Split it: fewer columns or shorter expressions in each statement.',
  },
  DUPLICATE_PROPERTY: { message: (p: { name: string }) => `property "${p.name}" is given twice` },
  OPTION_TWICE: {
    message: (p: { option: string }) => `${p.option} is given twice`,
    hint: () => 'Leave one of them out.',
  },
  NUMBER_OUT_OF_RANGE: {
    message: (p: { text: string; range: string }) => `${p.text} is outside the range of ${p.range}`,
  },
  INVALID_ESCAPE: { message: () => 'ESCAPE must be one character' },
  COLUMNS_WITH_SELECT: {
    message: () => 'a column list cannot stand beside AS SELECT',
    hint: () => 'The columns come from the SELECT: remove the list.',
  },
  NOT_SUPPORTED_YET: {
    message: (p: { what: string }) => `${p.what} is not supported yet`,
    hint: () => 'The statement is part of the dialect and will work in a later version.',
  },
} as const;
