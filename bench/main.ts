import { parseArgs } from 'node:util';
import { benchChain } from './chain.ts';
import { benchDisorder } from './disorder.ts';
import { benchEmbedded } from './embedded.ts';
import { benchFrames } from './frames.ts';
import { benchFunctions } from './functions.ts';
import { benchGenerate } from './generate.ts';
import { benchLatency } from './latency.ts';
import { benchKafka } from './kafka.ts';
import { benchMonitor } from './monitor.ts';
import { benchModel } from './model.ts';
import { benchModelWire } from './model-wire.ts';
import { benchNearest } from './nearest.ts';
import { benchPath } from './path.ts';
import { benchPlan } from './plan.ts';
import { benchPull } from './pull.ts';
import { benchRecommend } from './recommend.ts';
import { benchRemoteModel } from './remote-model.ts';
import { benchSoak } from './soak.ts';
import { benchState } from './state.ts';
import { workloads } from './workloads.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    brokers: { type: 'string' },
    topic: { type: 'string', default: 'events' },
    workload: { type: 'string', default: 'filter' },
    threads: { type: 'string', default: '2' },
    guarantee: { type: 'string', default: 'at_least_once' },
    events: { type: 'string', default: '1000000' },
    users: { type: 'string', default: '20000' },
    step: { type: 'string', default: '10' },
    late: { type: 'string', default: '0' },
    frame: { type: 'string' },
    size: { type: 'string' },
    compare: { type: 'boolean', default: false },
    peer: { type: 'string', default: 'streams' },
    changelog: { type: 'boolean', default: false },
    rate: { type: 'string', default: '5000' },
    rates: { type: 'string', default: '1,1000' },
    interval: { type: 'string' },
    latency: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '30' },
    minutes: { type: 'string', default: '10' },
    metric: { type: 'string', default: "DRIFT(amount, 'PSI') < 1" },
    rounds: { type: 'string', default: '2' },
  },
});

const brokers = values.brokers ?? '127.0.0.1:19092';

const benches: Readonly<Record<string, () => Promise<void>>> = {
  kafka: () => benchKafka({ ...values, brokers }),
  embedded: () => benchEmbedded(values),
  path: () => benchPath(values),
  latency: () => benchLatency({ ...values, brokers }),
  // Without --brokers: the embedded log.
  chain: () => benchChain(values),
  // The word behind it: the beginning of names.
  functions: () => benchFunctions(positionals[1]),
  plan: benchPlan,
  // --events is the number of keys.
  pull: () => benchPull(values),
  // --events is the number of rows, --size that of a vector's elements.
  nearest: () => benchNearest({ ...values, size: values.size }),
  // --events is the number of items, --size that of a vector's elements.
  recommend: () => benchRecommend({ ...values, size: values.size }),
  frames: () => benchFrames({ ...values, frame: values.frame, size: values.size }),
  state: () => benchState(values),
  // Without --brokers: the embedded log. --rate is rows a second into each of two streams.
  soak: () => benchSoak(values),
  disorder: () => benchDisorder(values),
  monitor: () => benchMonitor(values),
  // --events is the number of rows, --size that of a vector's elements.
  model: () => benchModel(values),
  'remote-model': () => benchRemoteModel(values),
  'model-wire': () => benchModelWire({ ...values, size: values.size }),
  generate: () => benchGenerate({ ...values, brokers }),
};
const bench = benches[positionals[0] ?? ''];
if (bench === undefined) {
  console.error(`usage: npm run bench -- ${Object.keys(benches).join('|')} [--workload ${workloads.join('|')}] …`);
  process.exit(2);
}
await bench();
process.exit(0);
