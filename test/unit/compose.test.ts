import { Ajv, type AnySchema } from 'ajv';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '../..');

interface Service {
  readonly profiles?: readonly string[];
  readonly hostname?: string;
  readonly restart?: string;
  readonly volumes?: readonly string[];
  readonly healthcheck?: object;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly networks?: { readonly default: { readonly aliases: readonly string[] } };
}
const compose = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8'), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: object;
};

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
  expect(validate(compose), JSON.stringify(validate.errors)).toBe(true);
  expect(validate({ services: { kafka: { imag: 'x' } } })).toBe(false);
});

test('each profile has what its services depend on, and nothing else starts', () => {
  const of = (profile: string): string[] =>
    Object.entries(compose.services)
      .filter(([, { profiles }]) => profiles!.includes(profile))
      .map(([name]) => name);
  expect(of('single')).toEqual(['kafka', 'millrace']);
  expect(of('cluster')).toEqual(['kafka', 'millrace', 'millrace-2', 'millrace-3']);
  expect(of('monitoring')).toEqual(['prometheus', 'grafana']);
  for (const [name, service] of Object.entries(compose.services))
    for (const [needed, { condition }] of Object.entries(service.depends_on ?? {})) {
      expect(condition).toBe('service_healthy');
      expect(compose.services[needed]!.profiles, `${name} needs ${needed}`).toEqual(
        expect.arrayContaining([...service.profiles!]),
      );
    }
});

test('each service is checked, comes back, and keeps what it stores', () => {
  const declared = new Set(Object.keys(compose.volumes));
  const used = new Set<string>();
  for (const [name, { restart, healthcheck, volumes = [] }] of Object.entries(compose.services)) {
    if (name === 'repl') continue;
    expect([restart, healthcheck !== undefined], name).toEqual(['unless-stopped', true]);
    const [source, ...others] = volumes.map((volume) => volume.split(':')[0]!).filter((each) => !each.startsWith('.'));
    expect([typeof source, others], name).toEqual(['string', []]);
    expect(used.has(source!), name).toBe(false);
    used.add(source!);
    for (const volume of volumes.filter((each) => each.startsWith('.')))
      expect(existsSync(join(root, volume.split(':')[0]!)), volume).toBe(true);
  }
  expect(used).toEqual(declared);
});

test('nodes reach each other by the names of their services, and Prometheus finds them all by one', () => {
  const nodes = Object.entries(compose.services).filter(([name]) => /^millrace/.test(name));
  for (const [name, { hostname }] of nodes) expect(hostname).toBe(name);
  const { scrape_configs } = parse(readFileSync(join(root, 'deploy/prometheus/prometheus.yml'), 'utf8')) as {
    scrape_configs: readonly { dns_sd_configs: readonly { names: readonly string[] }[] }[];
  };
  const [sought] = scrape_configs[0]!.dns_sd_configs[0]!.names;
  for (const [, { networks }] of nodes) expect(networks!.default.aliases).toContain(sought);
});
