/** Which proxy the environment names for an address, as Go's programs read it: client-go does, where no `proxy-url` is given. */
import { BlockList, isIP } from 'node:net';
import { OperatorError } from '../../../units/operator-error.ts';

/** Throws OperatorError for a proxy that cannot be used. */
export function proxyFor(server: URL, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const name = server.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const proxy = env[name] || env[name.toLowerCase()];
  if (!proxy || isExempt(server, env.NO_PROXY || env.no_proxy || '')) return undefined;
  const url = proxy.includes('://') ? proxy : `http://${proxy}`;
  if (/^(https?|socks5h?):$/.test(URL.parse(url)?.protocol ?? '')) return url;
  throw new OperatorError(`${name} of the environment is no proxy`, {
    hint: 'expected http://, https:// or socks5://host:port',
  });
}

/** NO_PROXY: names with all below them, `.name` only what is below it, addresses, ranges (10.0.0.0/8), `*`; each with a port or without. */
function isExempt(server: URL, list: string): boolean {
  const host = server.hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
  const port = server.port || (server.protocol === 'https:' ? '443' : '80');
  if (host === 'localhost' || LOOPBACK.check(host, family(host))) return true;
  return list.split(',').some((text) => {
    const word = text.trim().toLowerCase();
    if (word === '*') return true;
    const [, name = word, only] = /^(\[.+\]|[^:]+):(\d+)$/.exec(word) ?? [];
    if (name === '' || (only !== undefined && only !== port)) return false;
    const plain = name.replace(/^\[|\]$/g, '').replace(/^\*(?=\.)/, '');
    if (plain.includes('/')) return inRange(host, plain);
    if (isIP(plain)) return plain === host;
    return plain.startsWith('.') ? host.endsWith(plain) : host === plain || host.endsWith(`.${plain}`);
  });
}

function inRange(host: string, range: string): boolean {
  const [network = '', bits] = range.split('/');
  if (!isIP(host) || isIP(network) !== isIP(host)) return false;
  const ranges = new BlockList();
  try {
    ranges.addSubnet(network, Number(bits), family(network));
  } catch {
    return false;
  }
  return ranges.check(host, family(host));
}

const family = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');
