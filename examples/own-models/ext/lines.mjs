import { ModelError, modelProvider } from 'millrace/functions';

const isScore = /^-?(\d+(\.\d*)?([eE][-+]?\d+)?|Infinity|NaN)$/;

/** A server that takes rows as lines of values, and answers a line with a number for each. */
export const lines = modelProvider({
  name: 'lines',
  doc: 'A scorer that takes and gives lines of text over HTTP.',
  options: {
    endpoint: { type: 'URL', required: true, doc: 'Where the scorer listens' },
    token: { type: 'STRING', secret: true, doc: 'The bearer token' },
    separator: {
      type: 'STRING',
      default: ';',
      doc: 'What stands between the values of a line',
      check: (value) => (value.length === 1 && value !== '\n' ? undefined : 'it must be one character'),
    },
  },
  open({ endpoint, token, separator }, { inputs }) {
    const headers = {
      'content-type': 'text/plain',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
    const call = async (path, request) => {
      const response = await fetch(new URL(path, endpoint), { headers, redirect: 'error', ...request });
      const text = await response.text();
      if (!response.ok) throw ModelError.ofStatus(response.status, text);
      return text;
    };
    return {
      async scoreBatch(rows, signal) {
        const body = rows.map((row) => inputs.map(({ name }) => row[name]).join(separator)).join('\n');
        const text = await call('/score', { method: 'POST', body, signal });
        // Of a line that is no number the row has no score; the others have theirs.
        return text.split('\n').map((line) => (isScore.test(line) ? Number(line) : new Error(`"${line}" is no score`)));
      },
      health: (signal) => call('/health', { signal }),
    };
  },
});
