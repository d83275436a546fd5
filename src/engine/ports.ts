export type { Connect } from '../runtime/ports/connect.ts';
export type { StateBackend } from '../runtime/ports/state-backend.ts';
export type { ModelHost } from '../runtime/ports/model-host.ts';
export { compatibilityLevels } from '../runtime/ports/schema-registry.ts';
export type {
  CompatibilityLevel,
  NewSchema,
  SchemaReference,
  SchemaType,
  SchemaVersion,
  ServedRegistry,
} from '../runtime/ports/schema-registry.ts';
