/** An error code of the protocol, with its name where it matters here. */
export class WireError extends Error {
  override readonly name = 'WireError';
  readonly code: number;
  constructor(code: number, what: string) {
    super(`${what}: ${names[code] ?? `error ${code}`}`);
    this.code = code;
  }
  /** Another producer with the same transactional id has taken over: this one must stop. */
  get isFenced(): boolean {
    return this.code === 47 || this.code === 90;
  }
}
const names: Record<number, string> = {
  1: 'OFFSET_OUT_OF_RANGE',
  3: 'UNKNOWN_TOPIC_OR_PARTITION',
  5: 'LEADER_NOT_AVAILABLE',
  6: 'NOT_LEADER_OR_FOLLOWER',
  10: 'MESSAGE_TOO_LARGE',
  45: 'OUT_OF_ORDER_SEQUENCE_NUMBER',
  46: 'DUPLICATE_SEQUENCE_NUMBER',
  47: 'INVALID_PRODUCER_EPOCH',
  90: 'PRODUCER_FENCED',
};
export const duplicateSequence = 46;
export const notLeader = 6;
export const movedLeader = new Set([3, 5, 6, 9, 74, 75]);
