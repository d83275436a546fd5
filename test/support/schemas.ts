import { EmbeddedRegistry } from '../../src/adapters/registry/embedded-registry.ts';
import { SchemaCache } from '../../src/runtime/schema-cache.ts';

/** A registry in memory, and a cache of its schemas. */
export function testSchemas(registry = new EmbeddedRegistry()): { registry: EmbeddedRegistry; schemas: SchemaCache } {
  return { registry, schemas: new SchemaCache((id) => registry.byId(id)) };
}
