import stringWidth from 'string-width';

/** A text table whose columns are as wide as needed but together fit the terminal; long cells wrap. */
export function renderTable(headers: readonly string[], rows: readonly (readonly string[])[], width: number): string {
  const widths = columnWidths(headers, rows, width);
  const rule = ruleOf(widths);
  return [rule, renderRow(headers, widths), rule, ...rows.map((row) => renderRow(row, widths)), rule].join('\n');
}

/** The line above and below a table's rows. */
export const ruleOf = (widths: readonly number[]): string =>
  `+${widths.map((width) => '-'.repeat(width + 2)).join('+')}+`;

export function columnWidths(
  headers: readonly string[],
  rows: readonly (readonly string[])[],
  width: number,
): number[] {
  const natural = headers.map((header, i) =>
    Math.max(
      stringWidth(header),
      ...rows.map((row) => Math.max(...(row[i] ?? '').split('\n').map((line) => stringWidth(line)))),
      1,
    ),
  );
  const available = Math.max(width - 3 * headers.length - 1, headers.length * 4);
  let excess = natural.reduce((sum, columnWidth) => sum + columnWidth, 0) - available;
  const widths = [...natural];
  // Narrow the widest columns first.
  while (excess > 0) {
    const widest = widths.indexOf(Math.max(...widths));
    if (widths[widest]! <= 4) break;
    widths[widest]!--;
    excess--;
  }
  return widths;
}

export function renderRow(
  cells: readonly string[],
  widths: readonly number[],
  atRight: readonly boolean[] = [],
  side = '|',
): string {
  const wrapped = widths.map((width, i) => wrap(cells[i] ?? '', width));
  const height = Math.max(...wrapped.map((lines) => lines.length));
  return Array.from(
    { length: height },
    (_, line) =>
      `${side} ${wrapped.map((lines, i) => pad(lines[line] ?? '', widths[i]!, atRight[i])).join(` ${side} `)} ${side}`,
  ).join('\n');
}

function pad(text: string, width: number, atRight = false): string {
  const space = ' '.repeat(Math.max(0, width - stringWidth(text)));
  return atRight ? space + text : text + space;
}

/** Breaks lines after a space where possible, else anywhere. */
function wrap(text: string, width: number): string[] {
  return text.split('\n').flatMap((line) => {
    if (stringWidth(line) <= width) return [line];
    const parts: string[] = [];
    let part = '';
    for (const character of line) {
      if (stringWidth(part + character) > width) {
        const space = character === ' ' ? part.length : part.lastIndexOf(' ') + 1;
        const end = space === 0 ? part.length : space;
        parts.push(part.slice(0, end).trimEnd());
        part = part.slice(end);
        if (part === '' && character === ' ') continue;
      }
      part += character;
    }
    return part === '' ? parts : [...parts, part];
  });
}
