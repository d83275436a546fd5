import kafkajs, { type Admin } from 'kafkajs';
import { expect, test } from 'vitest';
import { Owners } from '../../../src/adapters/kafka/owners.ts';

const { AssignerProtocol } = kafkajs;
const member = {
  memberMetadata: AssignerProtocol.MemberMetadata.encode({
    version: 1,
    topics: ['t'],
    userData: Buffer.from(JSON.stringify({ node: 'n', listener: 'http://n:1', token: 'secret' })),
  }),
  memberAssignment: AssignerProtocol.MemberAssignment.encode({
    version: 1,
    assignment: { t: [0, 2] },
    userData: Buffer.alloc(0),
  }),
};

/** Owners over a broker that says the same of every group, and what it was asked. */
function open(state: string): { owners: Owners; asked: string[][] } {
  const asked: string[][] = [];
  const admin = {
    describeGroups: (groups: string[]) => {
      asked.push(groups);
      return Promise.resolve({ groups: groups.map((groupId) => ({ groupId, state, members: [member] })) });
    },
  } as unknown as Admin;
  return { owners: new Owners(admin), asked };
}
const owner = { node: 'n', listener: 'http://n:1', token: 'secret', partitions: [0, 2], standbys: [] };

test('the groups of one moment are asked for at once, and no group twice', async () => {
  const { owners, asked } = open('Stable');
  expect(await Promise.all([owners.of('a'), owners.of('b'), owners.of('a')])).toEqual([[owner], [owner], [owner]]);
  expect(await owners.of('b')).toEqual([owner]);
  expect(asked).toEqual([['a', 'b']]);
});

test('who waits for a group that is assigned anew meanwhile has an answer too', async () => {
  const { owners } = open('Stable');
  const first = owners.of('a');
  owners.forget('a');
  expect(await Promise.all([first, owners.of('a')])).toEqual([[owner], [owner]]);
});

test('a group that changes has no owners, and is asked for again', async () => {
  const { owners, asked } = open('PreparingRebalance');
  expect([await owners.of('a'), await owners.of('a')]).toEqual([undefined, undefined]);
  expect(asked).toEqual([['a'], ['a']]);
});
