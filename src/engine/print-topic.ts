import { SqlError } from '../diagnostics/sql-error.ts';
import type { TopicRecord } from '../runtime/ports/node.ts';
import type { PrintTopic } from '../syntax/statements/print-topic.ts';
import { closest } from '../util/closest.ts';
import type { Engine } from './engine.ts';
import { timestampText } from '../types/times.ts';

/** PRINT: a topic's records as lines of text, as they arrive. */
export async function printTopic(
  statement: PrintTopic,
  engine: Engine,
): Promise<{ read: () => AsyncIterable<string>; close: () => void }> {
  const { topic, fromBeginning, interval = 1, limit = Infinity } = statement;
  if ((await engine.node.describeTopic(topic)) === undefined) {
    const near = closest(
      topic,
      (await engine.node.listTopics()).map(({ name }) => name),
    );
    throw new SqlError('BAD_REQUEST', statement.span, {
      why: `topic "${topic}" does not exist${near === undefined ? '' : `; did you mean ${near}?`}`,
    });
  }
  const reader = await engine.node.openReader(topic, fromBeginning ? 'beginning' : 'end');
  let closed = false;
  async function* read(): AsyncIterable<string> {
    let seen = 0;
    let shown = 0;
    while (!closed && shown < limit) {
      for (const record of await reader.poll(500, 200)) {
        if (seen++ % interval !== 0 || shown >= limit) continue;
        shown++;
        yield line(record);
      }
      yield '';
    }
    reader.close();
  }
  return {
    read,
    close: () => {
      closed = true;
    },
  };
}

function line({ timestamp, key, value, partition }: TopicRecord): string {
  return `rowtime: ${timestampText(timestamp)}Z, key: ${shown(key)}, value: ${shown(value)}, partition: ${partition}`;
}

/** Bytes as their most likely text: UTF-8, else a big-endian number, else hexadecimal. */
function shown(bytes: Buffer | null): string {
  if (bytes === null) return '<null>';
  const text = bytes.toString('utf8');
  if (!/[\u0000-\u0008\u000e-\u001f\ufffd]/.test(text)) return text;
  if (bytes.length === 4) return String(bytes.readInt32BE(0));
  if (bytes.length === 8) return String(bytes.readBigInt64BE(0));
  return `0x${bytes.toString('hex')}`;
}
