import stringWidth from 'string-width';

/** Columns of text under their headers, as wide as needed and together no wider than the terminal; long cells wrap. */
export function renderTable(headers: readonly string[], rows: readonly (readonly string[])[], width: number): string {
  const widths = columnWidths(headers, rows, width);
  const rule = `+${widths.map((each) => '-'.repeat(each + 2)).join('+')}+`;
  return [rule, renderRow(headers, widths), rule, ...rows.map((row) => renderRow(row, widths)), rule].join('\n');
}

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
  let excess = natural.reduce((sum, each) => sum + each, 0) - available;
  const widths = [...natural];
  // The widest columns give way first.
  while (excess > 0) {
    const widest = widths.indexOf(Math.max(...widths));
    if (widths[widest]! <= 4) break;
    widths[widest]!--;
    excess--;
  }
  return widths;
}

export function renderRow(cells: readonly string[], widths: readonly number[]): string {
  const wrapped = widths.map((width, i) => wrap(cells[i] ?? '', width));
  const height = Math.max(...wrapped.map((lines) => lines.length));
  return Array.from(
    { length: height },
    (_, line) => `| ${wrapped.map((lines, i) => pad(lines[line] ?? '', widths[i]!)).join(' | ')} |`,
  ).join('\n');
}

const pad = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - stringWidth(text)));

/** Breaks lines behind a space where there is one, else anywhere. */
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
