import dns from 'node:dns';
import net from 'node:net';
import { sendRequest, type HttpAnswer, type HttpRequest } from './http-request.ts';

/** A call that the operator does not allow. */
class OutboundRefused extends TypeError {
  override readonly name = 'OutboundRefused';
}

/**
 * Addresses that answer with a machine's own credentials, and all that are link-local: what asks them on a user's behalf gives the
 * machine away. In each form that an IPv4 address has in IPv6.
 */
const dangerous = new net.BlockList();
for (const [address, bits] of [
  ['169.254.0.0', 16],
  ['100.100.100.200', 32],
  ['168.63.129.16', 32],
  ['192.0.0.192', 32],
] as const) {
  dangerous.addSubnet(address, bits, 'ipv4');
  const hex = address.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'));
  const embedded = `${hex[0]}${hex[1]}:${hex[2]}${hex[3]}`;
  dangerous.addSubnet(`::ffff:${address}`, 96 + bits, 'ipv6');
  dangerous.addSubnet(`::${embedded}`, 96 + bits, 'ipv6');
  dangerous.addSubnet(`64:ff9b::${embedded}`, 96 + bits, 'ipv6');
  dangerous.addSubnet(`2002:${embedded}::`, 16 + bits, 'ipv6');
}
dangerous.addSubnet('fe80::', 10, 'ipv6');
dangerous.addAddress('fd00:ec2::254', 'ipv6');
dangerous.addAddress('fd20:ce::254', 'ipv6');

interface Policy {
  /** What may be called: `host`, `host:port` or `*.domain`; undefined for everything that is not dangerous. */
  readonly hosts: readonly string[] | undefined;
}
let policy: Policy = { hosts: undefined };

/** Sets what this thread may call. */
export function setOutbound(next: Policy): void {
  policy = next;
}

const bare = (host: string): string =>
  host
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();

const defaultPorts: Readonly<Record<string, string>> = {
  'http:': '80',
  'https:': '443',
  'redis:': '6379',
  'rediss:': '6379',
};

function isListed({ hostname, port, protocol }: URL, hosts: readonly string[]): boolean {
  const name = bare(hostname);
  const number = port === '' ? defaultPorts[protocol] : port;
  return hosts.some((entry) => {
    const [, host = '', only] = /^(.*?)(?::(\d+))?$/.exec(net.isIPv6(bare(entry)) ? `[${bare(entry)}]` : entry) ?? [];
    const wanted = bare(host);
    const matches = wanted.startsWith('*.') ? name.endsWith(wanted.slice(1)) : name === wanted;
    return matches && (only === undefined || only === number);
  });
}

const isDangerous = (address: string): boolean => dangerous.check(address, net.isIPv6(address) ? 'ipv6' : 'ipv4');

const overHttp = ['http:', 'https:'];

/** Refuses an address that may not be called, before anything is sent. What its name resolves to is looked at when it is called. */
export function checkOutbound(text: string, protocols: readonly string[] = overHttp): URL {
  if (!URL.canParse(text)) throw new OutboundRefused(`${text} is not an address`);
  const url = new URL(text);
  if (!protocols.includes(url.protocol))
    throw new OutboundRefused(`${url.protocol} is not called: ${protocols.join(' and ')} are`);
  const { hosts } = policy;
  if (hosts !== undefined && !isListed(url, hosts))
    throw new OutboundRefused(`${url.host} is not called: outbound.hosts lists the hosts that are`);
  if (net.isIP(bare(url.hostname)) !== 0) checkAddress(bare(url.hostname), url);
  return url;
}

/** Why an address may not be called; undefined when it may. */
export function whyNotOutbound(text: string, protocols: readonly string[]): string | undefined {
  try {
    checkOutbound(text, protocols);
    return undefined;
  } catch (error) {
    if (error instanceof OutboundRefused) return error.message;
    throw error;
  }
}

/** An operator who lists the very address means it. */
function checkAddress(address: string, url: URL): void {
  const isMeant = policy.hosts !== undefined && net.isIP(bare(url.hostname)) !== 0 && isListed(url, policy.hosts);
  if (isDangerous(address) && !isMeant)
    throw new OutboundRefused(`${url.host} is not called: ${address} is a link-local or metadata address`);
}

/** Looks a name up and refuses what it resolves to at the moment of the connection, so that it cannot change in between. */
export const guardedLookup =
  (url: URL): net.LookupFunction =>
  (name, options, done) => {
    dns.lookup(name, { ...options, all: true }, (error, found) => {
      if (error !== null) {
        done(error, '', 4);
        return;
      }
      try {
        for (const { address } of found) checkAddress(address, url);
      } catch (refused) {
        done(refused as OutboundRefused, '', 4);
        return;
      }
      if (options.all === true) done(null, found);
      else done(null, found[0]!.address, found[0]!.family);
    });
  };

const mostRedirects = 5;

/** Calls a server on behalf of a setting; a redirect is an answer as any other. */
export async function callOnce(address: string, request: HttpRequest): Promise<HttpAnswer> {
  const url = checkOutbound(address);
  return sendRequest(url.href, { ...request, options: { lookup: guardedLookup(url) } });
}

const harmlessHeaders = ['accept', 'content-type', 'user-agent'];
const harmless = (headers: HttpRequest['headers'] = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => harmlessHeaders.includes(name.toLowerCase())));

/**
 * Calls a server on behalf of a statement or setting. Each address on the way is checked, redirects too; another origin gets
 * no header that could be a secret.
 */
export async function callOut(address: string, request: HttpRequest): Promise<HttpAnswer> {
  let called = address;
  let asked = request;
  for (let redirects = 0; ; redirects++) {
    const answer = await callOnce(called, asked);
    const { location } = answer.headers;
    if (answer.status < 301 || answer.status > 308 || answer.status === 304 || location === undefined) return answer;
    const url = new URL(called);
    if (redirects === mostRedirects) throw new OutboundRefused(`${url.host} redirects too often`);
    await answer.text();
    const next = new URL(location, url);
    if (next.origin !== url.origin) asked = { ...asked, headers: harmless(asked.headers) };
    if (answer.status < 307 && asked.method !== 'GET') {
      const { body: _body, ...rest } = asked;
      asked = { ...rest, method: 'GET' };
    }
    called = next.href;
  }
}
