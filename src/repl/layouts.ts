import { jsonText, type Json } from '../types/json.ts';
import { columnWidths, renderRow, renderTable } from './table.ts';

/** How rows are shown. */
export const outputs = ['tabular', 'json', 'csv', 'tsv', 'jsonl', 'markdown', 'box', 'expanded'] as const;
export type Output = (typeof outputs)[number];

/** A column of an answer. */
export interface ShownColumn {
  readonly name: string;
  /** Numbers stand at the right. */
  readonly isNumber: boolean;
  readonly isKey: boolean;
}
/** A value as the answer has it; `undefined` is a tombstone's. */
export type Shown = Json | undefined;

/** The lines that a table of rows is shown as, while the rows come. */
export interface Layout {
  begin(columns: readonly ShownColumn[]): readonly string[];
  row(values: readonly Shown[]): readonly string[];
  end(): readonly string[];
}

const text = (value: Json): string => (typeof value === 'string' ? value : jsonText(value));
/** A value for people: null is told from the text `null`. */
export const cellText = (value: Shown): string =>
  value === undefined ? '<TOMBSTONE>' : value === null ? '<null>' : text(value);

/** Values by RFC 4180; null is nothing, an empty text is `""`. */
const csvField = (value: Shown): string => {
  if (value === null || value === undefined) return '';
  const plain = text(value);
  return plain === '' || /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
};
/** Values as PostgreSQL's COPY has them: null is `\N`. */
const tsvField = (value: Shown): string =>
  value === null || value === undefined
    ? '\\N'
    : text(value).replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n').replaceAll('\r', '\\r');

const separated = (separator: string, field: (value: Shown) => string): Layout => ({
  begin: (columns) => [columns.map(({ name }) => field(name)).join(separator)],
  row: (values) => [values.map(field).join(separator)],
  end: () => [],
});

function jsonLines(): Layout {
  let names: readonly string[] = [];
  return {
    begin(columns) {
      names = columns.map(({ name }) => name);
      return [];
    },
    row: (values) => [jsonText(new Map(names.map((name, i) => [name, values[i] ?? null])))],
    end: () => [],
  };
}

const markdownCell = (value: Shown): string =>
  cellText(value).replaceAll('\\', '\\\\').replaceAll('|', '\\|').replaceAll(/\r?\n/g, '<br>');
const markdown: Layout = {
  begin: (columns) => [
    `| ${columns.map(({ name }) => markdownCell(name)).join(' | ')} |`,
    `| ${columns.map(({ isNumber }) => (isNumber ? '---:' : '---')).join(' | ')} |`,
  ],
  row: (values) => [`| ${values.map(markdownCell).join(' | ')} |`],
  end: () => [],
};

function expanded(): Layout {
  let names: readonly string[] = [];
  let count = 0;
  return {
    begin(columns) {
      names = columns.map(({ name }) => name);
      return [];
    },
    row(values) {
      const wide = Math.max(...names.map((name) => name.length));
      const next = `\n${' '.repeat(wide)} | `;
      const lines = names.map((name, i) => `${name.padEnd(wide)} | ${cellText(values[i]).replaceAll(/\r?\n/g, next)}`);
      return [`-[ RECORD ${++count} ]${'-'.repeat(Math.max(0, wide - 8))}`, ...lines];
    },
    end: () => [],
  };
}

interface Frame {
  readonly top: readonly [string, string, string];
  readonly middle: readonly [string, string, string];
  readonly bottom: readonly [string, string, string];
  readonly line: string;
  readonly side: string;
}
const ascii: Frame = { top: ['+', '+', '+'], middle: ['+', '+', '+'], bottom: ['+', '+', '+'], line: '-', side: '|' };
const lines: Frame = { top: ['┌', '┬', '┐'], middle: ['├', '┼', '┤'], bottom: ['└', '┴', '┘'], line: '─', side: '│' };

/** A table whose widths are those of the first row, so that rows are shown as they come; it is expanded where it does not fit. */
function framed(frame: Frame, width: number): Layout {
  let columns: readonly ShownColumn[] = [];
  let widths: number[] | undefined;
  let instead: Layout | undefined;
  const rule = ([left, cross, right]: readonly [string, string, string]): string =>
    left + widths!.map((each) => frame.line.repeat(each + 2)).join(cross) + right;
  const line = (cells: readonly string[]): string =>
    renderRow(
      cells,
      widths!,
      columns.map(({ isNumber }) => isNumber),
      frame.side,
    );
  return {
    begin(given) {
      columns = given;
      if (given.length * 7 + 1 <= width) return [];
      instead = expanded();
      return instead.begin(given);
    },
    row(values) {
      if (instead !== undefined) return instead.row(values);
      const cells = values.map(cellText);
      if (widths !== undefined) return [line(cells)];
      const names = columns.map(({ name }) => name);
      // Later rows may be wider than the first one, so each column gets at least its share of the terminal (up to 24).
      const share = Math.floor((width - 1) / columns.length) - 3;
      widths = columnWidths(names, [cells], width).map((natural) => Math.max(natural, Math.min(share, 24)));
      return [rule(frame.top), line(names), rule(frame.middle), line(cells)];
    },
    end: () => (widths === undefined ? [] : [rule(frame.bottom)]),
  };
}

/** The layout of an output; `json` has none, since its rows are the server's events. */
export function layoutOf(output: Output, width: number): Layout {
  switch (output) {
    case 'csv':
      return separated(',', csvField);
    case 'tsv':
      return separated('\t', tsvField);
    case 'json':
    case 'jsonl':
      return jsonLines();
    case 'markdown':
      return markdown;
    case 'expanded':
      return expanded();
    case 'box':
      return framed(lines, width);
    case 'tabular':
      return framed(ascii, width);
  }
}

/** Whether an output is read by programs: only rows go to stdout. */
export const isForPrograms = (output: Output): boolean => ['csv', 'tsv', 'jsonl'].includes(output);

/** A whole table of texts, as lists of objects are. */
export function wholeTable(
  output: Output,
  headers: readonly string[],
  rows: readonly (readonly string[])[],
  width: number,
): string {
  if (output === 'tabular' && headers.length * 7 + 1 <= width) return renderTable(headers, rows, width);
  const layout = layoutOf(output, width);
  const columns = headers.map((name) => ({ name, isNumber: false, isKey: false }));
  return [...layout.begin(columns), ...rows.flatMap((row) => layout.row(row)), ...layout.end()].join('\n');
}
