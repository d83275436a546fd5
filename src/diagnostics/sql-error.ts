import { position, type Span } from './source.ts';
import { catalog, type DiagnosticCode, type DiagnosticParams } from './catalog.ts';

/** An error the user can fix, pointing at the SQL that caused it. Bugs throw `InternalError` instead. */
export class SqlError<C extends DiagnosticCode = DiagnosticCode> extends Error {
  override readonly name = 'SqlError';
  readonly code: C;
  readonly span: Span;
  readonly hint: string | undefined;

  constructor(code: C, span: Span, params: DiagnosticParams<C>) {
    const entry = catalog[code] as { message: (p: unknown) => string; hint?: (p: unknown) => string | undefined };
    super(entry.message(params));
    this.code = code;
    this.span = span;
    this.hint = entry.hint?.(params);
  }

  /** The HTTP status that REST answers this error with. */
  get status(): number {
    return (catalog[this.code] as { status?: number }).status ?? 400;
  }
}

/** Renders `file:line:col`, the line and a caret run under the span. */
export function renderSqlError(error: SqlError): string {
  const head = `${error.code}: ${error.message}`;
  if (error.span.source.text === '') return [head, error.hint].filter(Boolean).join('\n');
  const { source, start } = error.span;
  const { line, column } = position(source, start);
  return [`${source.name}:${line}:${column}: ${head}`, codeFrame(error.span), error.hint].filter(Boolean).join('\n');
}

/** The source line of a span with carets under it. */
export function codeFrame({ source, start, end }: Span): string {
  const { line, column } = position(source, start);
  const text = source.text.split('\n')[line - 1] ?? '';
  const carets = '^'.repeat(Math.max(1, Math.min(end - start, text.length - column + 1)));
  const margin = ' '.repeat(String(line).length);
  return `${line} | ${text}\n${margin} | ${' '.repeat(column - 1)}${carets}`;
}
