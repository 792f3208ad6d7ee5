/** What a cluster file says of a Proxmox VE cluster alone. */
import { z } from 'zod';
import { line, name, parseUrl, path, pathFrom, reference, referenceFrom, refuseSecrets } from '../keys.ts';
import type { OwnPart } from '../module.ts';
import type { AddressSpan, GuestSource, ProxmoxCluster, VmidSpan } from './cluster.ts';

const ENDPOINT = "expected https://host:port of a node's API";

const endpoint = z
  .string({ error: ENDPOINT })
  .superRefine(refuseSecrets)
  .refine(isEndpoint, { error: ENDPOINT })
  .transform((text) => new URL(text).origin);

function isEndpoint(text: string): boolean {
  const url = parseUrl(text);
  return (
    url?.protocol === 'https:' && url.hostname !== '' && url.username === '' && url.pathname === '/' && !url.search
  );
}

const FINGERPRINT = 'expected a SHA-256 fingerprint: 32 pairs of hexadecimal digits with colons between them';

const fingerprint = z
  .string({ error: FINGERPRINT })
  .regex(/^([0-9a-f]{2}:){31}[0-9a-f]{2}$/i, { error: FINGERPRINT })
  .transform((text) => text.toUpperCase());

const USER = 'expected user@realm';
const TOKEN = 'expected user@realm!name of an API token';

const reach = z
  .strictObject({
    endpoints: z
      .array(endpoint)
      .min(1, { error: 'expected at least one endpoint' })
      .refine((all) => new Set(all).size === all.length, { error: 'the same endpoint is given twice' })
      .describe("Several nodes' APIs: when one does not answer, the next is asked. Best are all of them.")
      .meta({ examples: [['https://pve1.example.org:8006', 'https://pve2.example.org:8006']] }),
    token: z
      .strictObject({
        id: z
          .string({ error: TOKEN })
          .regex(/^[^\s:/@!]+@[A-Za-z][\w.-]+![A-Za-z][\w.-]+$/, { error: TOKEN })
          .describe('User, realm and name of the token.'),
        secret: reference.describe('Its secret, as `env:NAME`, `file:PATH` or `command:COMMAND`.'),
      })
      .describe('An API token: the best way in.')
      .meta({ examples: [{ id: 'brownout@pve!suite', secret: 'env:PVE_SECRET' }] })
      .optional(),
    user: z
      .string({ error: USER })
      .regex(/^[^\s:/@!]+@[A-Za-z][\w.-]+$/, { error: USER })
      .describe('Instead of a token: a user with a password. Neither may need a second factor.')
      .meta({ examples: ['brownout@pve'] })
      .optional(),
    password: reference
      .describe("The user's password, as `env:NAME`, `file:PATH` or `command:COMMAND`.")
      .meta({ examples: ['env:PVE_PASSWORD'] })
      .optional(),
    fingerprint: z
      .union([fingerprint, z.array(fingerprint).min(1, { error: 'expected at least one fingerprint' })], {
        error: FINGERPRINT,
      })
      .describe(
        "SHA-256 fingerprints of the nodes' certificates; an endpoint must show one of them. On a node: `openssl x509 -noout " +
          '-fingerprint -sha256 -in /etc/pve/local/pve-ssl.pem` (or `pveproxy-ssl.pem` where that is).',
      )
      .optional(),
    ca: path
      .describe(
        "Instead of fingerprints: the authority that signed the nodes' certificates (on a node `/etc/pve/pve-root-ca.pem`). With " +
          'neither, the authorities that this computer trusts.',
      )
      .meta({ examples: ['pve-root-ca.pem'] })
      .optional(),
  })
  .superRefine((given, context) => {
    const wrong = (at: string[], message: string) => context.addIssue({ code: 'custom', path: at, message });
    const user = given.user ?? given.password;
    if (given.token && user !== undefined) wrong(['token'], "excludes 'user' and 'password'");
    else if (!given.token && user === undefined) wrong([], 'expected `token`, or `user` and `password`');
    else if (!given.token && given.user === undefined) wrong([], "'user' is missing");
    else if (!given.token && given.password === undefined) wrong([], "'password' is missing");
    if (given.fingerprint !== undefined && given.ca !== undefined) wrong(['ca'], "excludes 'fingerprint'");
  });

const VMID = 'expected the number of a guest: 100 to 999999999';
const vmid = z.int({ error: VMID }).min(100, { error: VMID }).max(999_999_999, { error: VMID });

const RANGE =
  'expected two addresses with a hyphen between them, and the length of the network: 10.0.0.100-10.0.0.149/24';
const VMIDS = 'expected two numbers of guests with a hyphen between them: 5000-5099';

const ssh = z
  .strictObject({
    user: line.prefault('root').describe('Who the suite is on the nodes.'),
    key: path
      .describe("A file with the private key; without it your own ssh's.")
      .meta({ examples: ['~/.ssh/brownout'] })
      .optional(),
    'known-hosts': path
      .describe("A file with the nodes' host keys; without it your own ssh's. An unknown host is always refused.")
      .meta({ examples: ['known_hosts'] })
      .optional(),
    port: z.int().min(1).max(65_535).prefault(22).describe('The port on every node.'),
  })
  .describe(
    'The way to a shell on the nodes, for what the API cannot do: maintenance mode, killing a guest, dropping packets. Faults that need it are skipped without it.',
  )
  .meta({ examples: [{ user: 'root', key: '~/.ssh/brownout' }] });

export const keys = {
  reach: reach.describe('How the suite reaches the cluster.'),
  ssh: ssh.optional(),
  template: vmid
    .describe('The template that guests are cloned from. It must have an agent, and what the workload needs.')
    .meta({ examples: [9000] })
    .optional(),
  image: z
    .string()
    .regex(/^[a-z][a-z0-9._-]*[a-z0-9]:\S+$/i, { error: 'expected a volume, such as shared:import/debian.qcow2' })
    .describe('Instead of a template: the disk image that guests start from, as Proxmox names the volume.')
    .meta({ examples: ['shared:import/debian-13.qcow2'] })
    .optional(),
  storage: z
    .string()
    .regex(/^[a-z][a-z0-9._-]*[a-z0-9]$/i, { error: 'expected the name of a storage' })
    .describe("Where the guests' disks are. HA needs a storage that every node shares.")
    .meta({ examples: ['ceph'] })
    .optional(),
  bridge: name.prefault('vmbr0').describe("The nodes' bridge that guests are on."),
  vlan: z.int().min(1).max(4094).describe('The VLAN of the guests on that bridge.').optional(),
  vmids: z
    .string()
    .regex(/^[1-9]\d{2,8}-[1-9]\d{2,8}$/, { error: VMIDS })
    .refine((text) => spanOf(text).first <= spanOf(text).last, { error: 'the first is greater than the last' })
    .prefault('7000-7999')
    .describe('The numbers that the suite may give to guests. Those that are taken are left out.')
    .meta({ examples: ['7000-7999'] }),
  addresses: z
    .string({ error: RANGE })
    .refine((text) => parseAddresses(text) !== undefined, { error: RANGE })
    .describe(
      'Addresses that are free for guests, given in the order in which a workload lists them. Without it guests get theirs by DHCP, and their agents tell them.',
    )
    .meta({ examples: ['10.0.0.100-10.0.0.149/24'] })
    .optional(),
  gateway: z.ipv4({ error: 'expected an IPv4 address' }).describe('The gateway of those addresses.').optional(),
  guests: z
    .record(
      name,
      z
        .array(vmid)
        .min(1, { error: 'expected at least one guest' })
        .refine((all) => new Set(all).size === all.length, { error: 'the same guest is given twice' }),
    )
    .describe(
      'Instead of a template or an image: guests that are there already, by service; virtual machines, and containers. Nothing is installed in them; they are marked for the run, and unmarked after it.',
    )
    .meta({ examples: [{ vote: [101, 102], redis: [103], worker: [103], db: [104], result: [105] }] })
    .optional(),
};

const SOURCES = ['template', 'image', 'guests'] as const;

export function together(written: Partial<Written>): { key: string; message: string }[] {
  const [source, ...others] = SOURCES.filter((key) => written[key] !== undefined);
  const wrong: { key: string; message: string }[] = others.map((key) => ({
    key,
    message: `guests come from one of ${SOURCES.join(', ')}, and '${source}' is given already`,
  }));
  if (source === 'image' && written.storage === undefined) {
    wrong.push({ key: 'image', message: "'storage' is missing: where the disks that are made of the image are put" });
  }
  const gateway = wrongGateway(written);
  if (gateway !== undefined) wrong.push({ key: 'gateway', message: gateway });
  return wrong;
}

function wrongGateway({ gateway, addresses: text }: Partial<Written>): string | undefined {
  const addresses = text === undefined ? undefined : parseAddresses(text);
  if (gateway === undefined || addresses === undefined) return undefined;
  if (addresses.all.includes(gateway)) return `${gateway} is one of 'addresses': a guest would be given it`;
  return isOneSubnet(numberOf(addresses.all[0]!)!, numberOf(gateway)!, addresses.prefix)
    ? undefined
    : `${gateway} is not in the subnet of 'addresses' (/${addresses.prefix}): no guest reaches it`;
}

type Written = z.output<z.ZodObject<typeof keys>>;

/** Paths are meant from the cluster file's folder. */
export function load(written: Written, folder: string): OwnPart<ProxmoxCluster> {
  const { endpoints, token, user = '', password = '', fingerprint: pins, ca } = written.reach;
  const from = (file: string) => pathFrom(folder, file);
  return {
    reach: {
      endpoints,
      login: token
        ? { token: token.id, secret: referenceFrom(folder, token.secret) }
        : { user, password: referenceFrom(folder, password) },
      trust: pins === undefined ? { ca: ca === undefined ? undefined : from(ca) } : { fingerprints: [pins].flat() },
    },
    ssh: written.ssh && {
      user: written.ssh.user,
      port: written.ssh.port,
      key: written.ssh.key && from(written.ssh.key),
      knownHosts: written.ssh['known-hosts'] && from(written.ssh['known-hosts']),
    },
    from: sourceOf(written),
    storage: written.storage,
    bridge: written.bridge,
    vlan: written.vlan,
    vmids: spanOf(written.vmids),
    addresses: written.addresses === undefined ? undefined : parseAddresses(written.addresses),
    gateway: written.gateway,
  };
}

function sourceOf({ template, image, guests }: Written): GuestSource | undefined {
  if (guests !== undefined) return { guests };
  if (template !== undefined) return { template };
  return image === undefined ? undefined : { image };
}

function spanOf(text: string): VmidSpan {
  const [first = 0, last = 0] = text.split('-').map(Number);
  return { first, last };
}

/** Undefined for what is none, or more than 1024 of them. */
function parseAddresses(text: string): AddressSpan | undefined {
  const [, first = '', last = '', length] = /^([\d.]+)-([\d.]+)\/(\d+)$/.exec(text) ?? [];
  const [from, to, prefix] = [numberOf(first), numberOf(last), Number(length)];
  if (from === undefined || to === undefined || !(prefix >= 8 && prefix <= 30)) return undefined;
  if (to < from || to - from >= 1024 || !isOneSubnet(from, to, prefix)) return undefined;
  return { all: Array.from({ length: to - from + 1 }, (_, index) => dotted(from + index)), prefix };
}

function isOneSubnet(a: number, b: number, prefix: number): boolean {
  const size = 2 ** (32 - prefix);
  return Math.floor(a / size) === Math.floor(b / size);
}

function numberOf(address: string): number | undefined {
  const parts = address.split('.');
  if (parts.length !== 4 || parts.some((part) => !/^\d{1,3}$/.test(part) || Number(part) > 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

const dotted = (address: number) => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
