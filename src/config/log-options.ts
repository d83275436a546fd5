import { bool, number, option, whole } from './option.ts';

/** Settings of the embedded log, by the names that Kafka's brokers have for theirs. */
export const logOptions = [
  option({
    name: 'log.segment.bytes',
    type: whole(1024),
    default: '67108864',
    doc: 'The size at which a segment of the embedded log is full; of a compacted topic 16 MB at most',
    read: (value) => value,
  }),
  option({
    name: 'log.roll.ms',
    type: whole(1),
    default: '604800000',
    doc: 'How long after its first record a segment of a compacted topic takes more of them',
    read: (value) => value,
  }),
  option({
    name: 'log.cleaner.enable',
    type: bool,
    default: 'true',
    doc: "Whether the embedded log compacts tables' topics, and the commands",
    read: (value) => value,
  }),
  option({
    name: 'log.cleaner.min.cleanable.ratio',
    type: number(0, 1),
    default: '0.5',
    doc: 'Which part of a partition must have been written since it was compacted last',
    read: (value) => value,
  }),
  option({
    name: 'log.cleaner.min.compaction.lag.ms',
    type: whole(0),
    default: '0',
    doc: "For how long records stay whatever follows them, where their topic's min.compaction.lag.ms does not say it",
    read: (value) => value,
  }),
  option({
    name: 'log.cleaner.delete.retention.ms',
    type: whole(0),
    default: '86400000',
    doc: 'How long a tombstone stays after its compaction, for who reads the topic meanwhile',
    read: (value) => value,
  }),
  option({
    name: 'log.cleaner.dedupe.buffer.size',
    type: whole(1024),
    default: '16777216',
    doc: 'The memory of a compaction, 32 bytes a key; more keys take more passes',
    read: (value) => value,
  }),
  option({
    name: 'log.cleaner.backoff.ms',
    type: whole(1),
    default: '15000',
    doc: 'How often the embedded log looks for what there is to compact',
    read: (value) => value,
  }),
] as const;
