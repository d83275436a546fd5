import { parseArgs } from 'node:util';
import { benchEmbedded } from './embedded.ts';
import { benchFunctions } from './functions.ts';
import { benchLatency } from './latency.ts';
import { benchKafka } from './kafka.ts';
import { benchPath } from './path.ts';
import { benchPlan } from './plan.ts';
import { benchPull } from './pull.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    brokers: { type: 'string', default: '127.0.0.1:19092' },
    topic: { type: 'string', default: 'events' },
    workload: { type: 'string', default: 'filter' },
    threads: { type: 'string', default: '2' },
    guarantee: { type: 'string', default: 'at_least_once' },
    events: { type: 'string', default: '1000000' },
    compare: { type: 'boolean', default: false },
    rate: { type: 'string', default: '5000' },
    seconds: { type: 'string', default: '30' },
  },
});

const benches: Readonly<Record<string, () => Promise<void>>> = {
  kafka: () => benchKafka(values),
  embedded: () => benchEmbedded(values),
  path: () => benchPath(values),
  latency: () => benchLatency(values),
  functions: benchFunctions,
  plan: benchPlan,
  // Keys by --events.
  pull: () => benchPull(values),
};
const bench = benches[positionals[0] ?? ''];
if (bench === undefined) {
  console.error(
    `usage: npm run bench -- ${Object.keys(benches).join('|')} [--workload filter|enrich|tumbling|hopping|session|stream-stream] …`,
  );
  process.exit(2);
}
await bench();
process.exit(0);
