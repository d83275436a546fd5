import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The folder of what operators deploy. */
export const deploy = join(import.meta.dirname, '../../deploy');

export interface Panel {
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}
interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
}

const folder = join(deploy, 'grafana/dashboards');
/** The dashboards by the names of their files. */
export const dashboards = readdirSync(folder).map(
  (name) => [name, JSON.parse(readFileSync(join(folder, name), 'utf8')) as Dashboard] as const,
);

/** A query as Grafana sends it. */
export const sent = (query: string, interval = '1m'): string =>
  query.replaceAll('$__rate_interval', interval).replaceAll(/\$\{?(instance|query|model|view)\}?/g, '.*');
