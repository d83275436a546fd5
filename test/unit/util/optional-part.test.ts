import { expect, test } from 'vitest';
import { requirePart } from '../../../src/util/optional-part.ts';

test('a package that few need is told by how to add it, where it is not installed', () => {
  expect(() => {
    requirePart('@aws-sdk/client-nowhere', 'DynamoDB');
  }).toThrow('DynamoDB needs a package that is not installed: npm install @aws-sdk/client-nowhere');
  expect(() => {
    requirePart('@aws-sdk/client-dynamodb', 'DynamoDB');
  }).not.toThrow();
});
