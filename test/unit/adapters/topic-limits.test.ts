import { expect, test } from 'vitest';
import { defaultLimits, limitsOf } from '../../../src/adapters/kafka/topic-limits.ts';

const limits = (settings: Record<string, string>): ReturnType<typeof limitsOf> =>
  limitsOf(Object.entries(settings).map(([configName, configValue]) => ({ configName, configValue })));

test('what a topic takes is read from its settings, of new brokers and of old ones', () => {
  expect(limits({})).toEqual(defaultLimits);
  const newer = {
    'max.message.bytes': '2000',
    'message.timestamp.type': 'CreateTime',
    'message.timestamp.before.max.ms': '9223372036854775807',
    'message.timestamp.after.max.ms': '3600000',
  };
  expect(limits(newer)).toMatchObject({
    bytes: 2000,
    before: { ms: 2 ** 63 },
    after: { ms: 3_600_000, name: 'message.timestamp.after.max.ms 3600000' },
  });
  const older = limits({ 'message.timestamp.difference.max.ms': '5000' });
  const both = { ms: 5000, name: 'message.timestamp.difference.max.ms 5000' };
  expect([older.before, older.after]).toEqual([both, both]);
});

test('a topic on whose records the broker writes its own time takes every time', () => {
  const { before, after } = limits({
    'message.timestamp.type': 'LogAppendTime',
    'message.timestamp.after.max.ms': '3600000',
  });
  expect([before.ms, after.ms]).toEqual([Infinity, Infinity]);
});
