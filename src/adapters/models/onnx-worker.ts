import { parentPort } from 'node:worker_threads';
import { WorkerRpc } from '../../util/worker-rpc.ts';
import { onnxCalls } from './onnx-calls.ts';

// The binding cannot read the Float16Array of Node 24, which it takes where there is one: halves are bits on every version.
Reflect.deleteProperty(globalThis, 'Float16Array');
new WorkerRpc(parentPort!, onnxCalls);
