export type { StateBackend } from '../runtime/ports/state-backend.ts';
export type { ModelHost } from '../runtime/ports/model-host.ts';
