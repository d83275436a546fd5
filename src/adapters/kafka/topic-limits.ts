/** What records a topic takes. */
export interface TopicLimits {
  /** `max.message.bytes`. */
  readonly bytes: number;
  /** How far a record's time may be before and after the broker's, in milliseconds, and the settings that say so. */
  readonly before: TimeLimit;
  readonly after: TimeLimit;
}
export interface TimeLimit {
  readonly ms: number;
  readonly name: string;
}

const [size, type, before, after, both] = [
  'max.message.bytes',
  'message.timestamp.type',
  'message.timestamp.before.max.ms',
  'message.timestamp.after.max.ms',
  // Of brokers before Kafka 3.6.
  'message.timestamp.difference.max.ms',
] as const;
/** The settings of a topic that `limitsOf` reads. */
export const limitNames: readonly string[] = [size, type, before, after, both];

export const defaultLimits: TopicLimits = {
  bytes: 1_048_588,
  before: { ms: Infinity, name: before },
  after: { ms: Infinity, name: after },
};

interface Entry {
  readonly configName: string;
  readonly configValue: string | null;
}
/** The limits by a topic's settings; what is not among them is Kafka's default. */
export function limitsOf(entries: readonly Entry[]): TopicLimits {
  const settings = new Map(entries.map(({ configName, configValue }) => [configName, configValue]));
  const bytes = Number(settings.get(size));
  // The broker's own time stands on every record.
  const isAppendTime = settings.get(type) === 'LogAppendTime';
  const time = (name: string): TimeLimit => {
    const known = settings.has(name) ? name : both;
    const ms = Number(settings.get(known) ?? NaN);
    return !isAppendTime && ms >= 0 ? { ms, name: `${known} ${ms}` } : { ms: Infinity, name };
  };
  return { bytes: bytes > 0 ? bytes : defaultLimits.bytes, before: time(before), after: time(after) };
}
