import { expect, test, vi } from 'vitest';
import type { Client, QueryEvent } from '../../../src/repl/client.ts';
import { runStatements } from '../../../src/repl/repl.ts';

/** A client whose query sends a header and is then aborted, as by Ctrl-C. */
function abortedClient(closed: string[]): Client {
  return {
    async *query(): AsyncGenerator<QueryEvent> {
      yield { kind: 'header', header: { queryId: 'q1', schema: '`ID` STRING KEY' } };
      await Promise.reject(Object.assign(new Error('aborted'), { name: 'AbortError' }));
    },
    closeQuery: (id: string) => Promise.resolve(void closed.push(id)),
  } as unknown as Client;
}

test.each(['tabular', 'json', 'csv'] as const)(
  'a query that is stopped is closed at the server, output %s',
  async (output) => {
    const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const closed: string[] = [];
    try {
      await runStatements(abortedClient(closed), 'SELECT * FROM s EMIT CHANGES', { output, source: 'test' });
    } finally {
      written.mockRestore();
    }
    expect(closed).toEqual(['q1']);
  },
);
