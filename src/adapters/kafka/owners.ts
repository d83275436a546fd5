import kafkajs, { type Admin } from 'kafkajs';
import { setTimeout as sleep } from 'node:timers/promises';
import { readMember, readStandbys, type Member } from './query-group.ts';

const { AssignerProtocol } = kafkajs;

/** A node as the other members of a query's group know it. */
export interface Owner extends Pick<Member, 'node' | 'listener' | 'token'> {
  readonly partitions: readonly number[];
  /** Those whose state it keeps for another node that runs them. */
  readonly standbys: readonly number[];
}

/** How long requests are collected, because a node joins the groups of all queries at once. */
const collectMs = 20;

/** A request that is being collected. */
interface NextRequest {
  readonly groups: Set<string>;
  /** The members of the groups that do not change at the moment. */
  readonly answer: Promise<ReadonlyMap<string, readonly Owner[]>>;
}

/** Which node runs which partition of a query, by the assignment of its group. It is asked for once an assignment. */
export class Owners {
  readonly #admin: Admin;
  readonly #known = new Map<string, Promise<readonly Owner[] | undefined>>();
  #next: NextRequest | undefined;

  constructor(admin: Admin) {
    this.#admin = admin;
  }

  /** The members of a group; undefined while they change, or while the broker does not say. */
  async of(group: string): Promise<readonly Owner[] | undefined> {
    let known = this.#known.get(group);
    if (known === undefined) {
      known = this.#ask(group);
      this.#known.set(group, known);
    }
    const owners = await known;
    if (owners === undefined && this.#known.get(group) === known) this.#known.delete(group);
    return owners;
  }

  /** The group has another assignment, or none for now. */
  forget(group: string): void {
    this.#known.delete(group);
  }

  async #ask(group: string): Promise<readonly Owner[] | undefined> {
    if (this.#next === undefined) {
      const groups = new Set<string>();
      this.#next = { groups, answer: this.#answer(groups) };
    }
    this.#next.groups.add(group);
    return (await this.#next.answer).get(group);
  }
  async #answer(groups: ReadonlySet<string>): Promise<ReadonlyMap<string, readonly Owner[]>> {
    await sleep(collectMs);
    this.#next = undefined;
    const described = await this.#admin.describeGroups([...groups]).catch(() => ({ groups: [] }));
    const settled = described.groups.filter(({ state }) => state === 'Stable');
    return new Map(settled.map(({ groupId, members }) => [groupId, members.map(ownerOf)]));
  }
}

function ownerOf({
  memberMetadata,
  memberAssignment,
}: {
  readonly memberMetadata: Buffer;
  readonly memberAssignment: Buffer;
}): Owner {
  const { node, listener, token } = readMember(memberMetadata);
  const decoded = AssignerProtocol.MemberAssignment.decode(memberAssignment);
  const partitions = [...new Set(Object.values(decoded?.assignment ?? {}).flat())];
  return { node, listener, token, partitions, standbys: readStandbys(decoded?.userData) };
}
