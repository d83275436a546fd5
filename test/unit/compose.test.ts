import { Ajv, type AnySchema } from 'ajv';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '../..');

test('docker-compose.yml is what the Compose schema allows, and a wrong one is not', () => {
  // The schema is of draft 7 with the older `id`, which the validator refuses and which says nothing here.
  const text = readFileSync(join(root, 'test/support/compose-spec.json'), 'utf8').replace(
    /"(\$schema|id)": "[^"]*",?/g,
    '',
  );
  const validate = new Ajv({
    strict: false,
    formats: { duration: true, expose: true, ports: true, subnet_ip_address: true },
  }).compile(JSON.parse(text) as AnySchema);
  const compose = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8')) as { services: Record<string, object> };
  expect(validate(compose), JSON.stringify(validate.errors)).toBe(true);
  expect(validate({ services: { kafka: { imag: 'x' } } })).toBe(false);
});
