import { EvaluationError } from '../../types/numbers.ts';
import { overload, scalar } from '../define.ts';
import { atPath, jsonText, parseFirstJson, parseJsonPath } from '../../types/json.ts';

export const extractJsonField = scalar({
  name: 'EXTRACTJSONFIELD',
  doc: 'The value at a path such as $.a[0] of a JSON text: strings unquoted, others as JSON; null when it is missing.',
  category: 'JSON',
  overloads: [
    overload('input STRING, path STRING', 'STRING', (input: string, path: string) => {
      const steps = parseJsonPath(path);
      if (steps === undefined) throw new EvaluationError(`"${path}" is not a JSON path`);
      const value = atPath(parseFirstJson(input), steps) ?? null;
      return value === null || typeof value === 'string' ? value : jsonText(value);
    }),
  ],
});
