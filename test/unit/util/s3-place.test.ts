import { expect, test } from 'vitest';
import { s3Place } from '../../../src/util/s3.ts';

test.each([
  ['s3://lake', { bucket: 'lake', key: '' }],
  ['s3://lake/', { bucket: 'lake', key: '' }],
  ['s3://my-lake.of.one//a/b c=1/', { bucket: 'my-lake.of.one', key: 'a/b c=1' }],
  ['s3://lake/a//b', { bucket: 'lake', key: 'a//b' }],
  ['s3://lake/a/../b', undefined],
  ['s3://lake/./b', undefined],
  ['s3://lake/a\nb', undefined],
  ['s3://Lake/a', undefined],
  ['s3://la/a', undefined],
  ['s3:/lake/a', undefined],
  ['s3://lake:80/a', undefined],
  ['s3://user@lake/a', undefined],
  ['/lake/a', undefined],
])('%j names %j', (path, place) => {
  expect(s3Place(path)).toEqual(place);
});

test('an address of many slashes is read in linear time', () => {
  const started = performance.now();
  const key = `a${'/'.repeat(200_000)}b`;
  expect(s3Place(`s3://lake/${key}`)).toEqual({ bucket: 'lake', key });
  expect(performance.now() - started).toBeLessThan(1000);
});
