import { httpOptions } from '../../../config/provider-options.ts';
import { parseJsonPath } from '../../../types/json.ts';
import type { Row } from '../../../types/sql-type.ts';
import { refuseOptions, type JsonProtocol } from '../json-provider.ts';
import { cellsWriter, fieldIn, objectWriter } from '../json-rows.ts';
import { isName, jsonTemplate, namesIn, partsOf } from '../templates.ts';

/** What stands for all rows of a call in a template. */
const forRows = ['rows', 'values'];
const isForRows = (name: string): boolean => forRows.includes(name.toLowerCase());

/** Any server that takes JSON and gives JSON, by a template and a path. */
export const http: JsonProtocol = {
  isByRow: (options) => !namesIn(httpOptions.read('REQUEST_TEMPLATE', options)).some(isForRows),
  model(options, { input }) {
    refuseOptions(options, ['INPUT_TENSOR'], 'a template with {{values}} sends lists');
    const template = httpOptions.read('REQUEST_TEMPLATE', options);
    const names = namesIn(template);
    const isByRow = !names.some(isForRows);
    const mixed = names.find((name) => !isByRow && !isForRows(name));
    if (mixed !== undefined)
      throw new TypeError(`REQUEST_TEMPLATE: {{${mixed}}} is of one row, and the template has all rows too`);
    const body = isByRow ? ofRow(template, jsonTemplate(template, input, 'REQUEST_TEMPLATE')) : ofRows(template, input);
    checkJson(body([input.map(() => null)]));
    const path = httpOptions.read('RESPONSE_PATH', options);
    const steps = parseJsonPath(path);
    if (steps === undefined) throw new TypeError(`RESPONSE_PATH: "${path}" is no path such as $.result.scores[0]`);
    return {
      path: '',
      body,
      predictions(answer) {
        let found = answer;
        for (const step of steps) found = fieldIn(found, String(step));
        if (found === undefined) throw new TypeError(`the answer has nothing at ${path}`);
        return isByRow ? [found] : (found as unknown[]);
      },
    };
  },
  check: undefined,
};

function ofRow(template: string, fill: (row: Row) => string): (rows: readonly Row[]) => string {
  if (namesIn(template).length === 0)
    throw new TypeError('REQUEST_TEMPLATE has no {{rows}}, no {{values}} and no {{column}}');
  return ([row]) => fill(row!);
}

function ofRows(template: string, input: Parameters<typeof objectWriter>[0]): (rows: readonly Row[]) => string {
  const object = objectWriter(input);
  const list = cellsWriter(input);
  const parts = partsOf(template).map((part, i) => {
    if (!isName(part, i)) return () => part;
    const write = part.toLowerCase() === 'rows' ? object : list;
    return (rows: readonly Row[]): string => `[${rows.map(write).join()}]`;
  });
  return (rows) => parts.map((write) => write(rows)).join('');
}

function checkJson(text: string): void {
  try {
    JSON.parse(text);
  } catch {
    throw new TypeError(`REQUEST_TEMPLATE gives no JSON: ${text.slice(0, 200)}`);
  }
}
