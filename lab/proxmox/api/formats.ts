/** What the formats that parameters name look like, and what Proxmox VE says of a value that does not. */
import type { Property } from './schema.ts';

/** @returns what is wrong, undefined if nothing is */
type Check = (value: string) => string | undefined;

const like =
  (form: RegExp, words: (value: string) => string): Check =>
  (value) =>
    form.test(value) ? undefined : words(value);

const vmid = like(/^[1-9][0-9]{2,8}$/, () => 'value does not look like a valid VM ID');
const nodeName = like(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/i, () => 'value does not look like a valid node name');
const configId = like(/^[a-z][a-z0-9_-]+$/i, (value) => `invalid configuration ID '${value}'`);
const storageId = like(/^[a-z][a-z0-9\-_.]*[a-z0-9]$/i, (value) => `storage ID '${value}' contains illegal characters`);
const LABEL = '[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?';
const dnsName = like(new RegExp(`^(${LABEL}\\.)*${LABEL}$`), () => 'value does not look like a valid DNS name');
const realm = like(/^[A-Za-z][A-Za-z0-9.\-_]+$/, () => 'value does not look like a valid realm');
const haNode = like(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(:\d+)?$/i, () => 'value does not look like a valid ha node');
const haResource = like(/^\w+:\S+$|^[1-9][0-9]{2,8}$/, () => 'value does not look like a valid ha resource id');
const volumeId = like(/^[a-z][a-z0-9\-_.]*[a-z0-9]:.+$/i, (value) => `unable to parse volume ID '${value}'`);
const ADDRESS = /^(\d{1,3}(\.\d{1,3}){3}|[0-9a-fA-F:]*:[0-9a-fA-F:.]*)$/;
const CIDR = /^(\d{1,3}(\.\d{1,3}){3}\/\d{1,2}|[0-9a-fA-F:]*:[0-9a-fA-F:.]*\/\d{1,3})$/;

/** What is no list is checked as it is, and so is each part of a list. What is not here is taken as it comes. */
const FORMATS: Record<string, Check> = {
  CIDR: like(CIDR, () => 'value does not look like a valid CIDR network'),
  address: like(ADDRESS, () => 'value does not look like a valid IP address'),
  'dns-name': dnsName,
  'pve-configid': configId,
  'pve-ha-node': haNode,
  'pve-ha-resource-id': haResource,
  'pve-ha-resource-or-vm-id': haResource,
  'pve-node': nodeName,
  'pve-realm': realm,
  'pve-storage-id': storageId,
  'pve-tag': like(/^[a-z0-9_][a-z0-9_\-+.]*$/i, () => 'invalid characters in tag'),
  'pve-vmid': vmid,
  'pve-volume-id': volumeId,
};

/** @returns what is wrong with the value, undefined if nothing is or nobody knows the format */
export function checkFormat(format: string, value: string): string | undefined {
  const list = /^(.+)-list$/.exec(format)?.[1];
  if (list === undefined) return FORMATS[format]?.(value);
  const check = FORMATS[list];
  const parts = value.split(/[\s,;\0]+/).filter((part) => part !== '');
  return check && parts.map(check).find((wrong) => wrong !== undefined);
}

/** A value made of parts: `virtio=BC:24:11:00:00:01,bridge=vmbr0`. */
export interface PropertyString {
  parts: Record<string, Property>;
  /** The part that may stand without its name. */
  unnamed?: string;
  /** Another spelling of two parts at once: `virtio=MAC` is `model=virtio,macaddr=MAC`. */
  pair?: { names: string[]; name: string; value: string };
}

const flag: Property = { type: 'boolean', optional: 1 };
const text: Property = { type: 'string', optional: 1 };
const amount: Property = { type: 'number', optional: 1, minimum: 0 };
const whole: Property = { type: 'integer', optional: 1, minimum: 0 };
const NICS =
  'e1000, e1000-82540em, e1000-82544gc, e1000-82545em, e1000e, i82551, i82557b, i82559er, ne2k_isa, ne2k_pci, pcnet, rtl8139, virtio, vmxnet3';
const nics = NICS.split(', ');

const drive: PropertyString = {
  unnamed: 'file',
  parts: {
    file: { type: 'string' },
    volume: text,
    aio: { type: 'string', optional: 1, enum: ['native', 'threads', 'io_uring'] },
    backup: flag,
    cache: { type: 'string', optional: 1, enum: ['none', 'writethrough', 'writeback', 'unsafe', 'directsync'] },
    detect_zeroes: flag,
    discard: { type: 'string', optional: 1, enum: ['ignore', 'on'] },
    format: { type: 'string', optional: 1, enum: ['raw', 'qcow', 'qed', 'qcow2', 'vmdk', 'cloop'] },
    'import-from': { type: 'string', optional: 1, format: 'pve-volume-id' },
    ...Object.fromEntries(
      ['iops', 'iops_rd', 'iops_wr', 'iops_max', 'iops_rd_max', 'iops_wr_max'].map((name) => [name, whole]),
    ),
    ...Object.fromEntries(
      ['mbps', 'mbps_rd', 'mbps_wr', 'mbps_max', 'mbps_rd_max', 'mbps_wr_max'].map((name) => [name, amount]),
    ),
    iothread: flag,
    media: { type: 'string', optional: 1, enum: ['cdrom', 'disk'] },
    replicate: flag,
    ro: flag,
    serial: text,
    shared: flag,
    size: { type: 'string', optional: 1, pattern: '\\d+(\\.\\d+)?[KMGT]?' },
    snapshot: flag,
    ssd: flag,
    werror: { type: 'string', optional: 1, enum: ['enospc', 'ignore', 'report', 'stop'] },
  },
};

/** By parameter, without its number. Of others the parts are not looked at. */
const STRINGS: Record<string, PropertyString> = {
  agent: {
    unnamed: 'enabled',
    parts: {
      enabled: { type: 'boolean' },
      'freeze-fs-on-backup': flag,
      fstrim_cloned_disks: flag,
      type: { type: 'string', optional: 1, enum: ['virtio', 'isa'] },
    },
  },
  ha: {
    parts: {
      shutdown_policy: { type: 'string', optional: 1, enum: ['freeze', 'failover', 'conditional', 'migrate'] },
    },
  },
  ide: drive,
  ipconfig: { parts: { gw: text, gw6: text, ip: text, ip6: text } },
  memory: { unnamed: 'current', parts: { current: { type: 'integer', minimum: 16 } } },
  net: {
    unnamed: 'model',
    pair: { names: nics, name: 'model', value: 'macaddr' },
    parts: {
      model: { type: 'string', enum: nics },
      macaddr: { type: 'string', optional: 1, pattern: '[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}' },
      bridge: text,
      firewall: flag,
      link_down: flag,
      mtu: whole,
      queues: whole,
      rate: amount,
      tag: { type: 'integer', optional: 1, minimum: 1, maximum: 4094 },
      trunks: text,
    },
  },
  sata: drive,
  scsi: drive,
  virtio: drive,
};

/** What the parts of a parameter are; undefined where the lab takes its text as it is. */
export function propertyString(parameter: string): PropertyString | undefined {
  return STRINGS[parameter.replace(/\d+$/, '')];
}

/** Splits it. Returns the parts, or what is wrong. */
export function splitProperties(value: string, { parts, unnamed, pair }: PropertyString): Map<string, string> | string {
  const found = new Map<string, string>();
  for (const part of value.split(',').filter((each) => each.trim() !== '')) {
    const at = part.indexOf('=');
    const [name, content] = at < 0 ? [undefined, part.trim()] : [part.slice(0, at).trim(), part.slice(at + 1).trim()];
    if (name === undefined) {
      if (unnamed === undefined) return 'value without key, but schema does not define a default key';
      if (found.has(unnamed)) return `duplicate key in comma-separated list property: ${unnamed}`;
      found.set(unnamed, content);
    } else if (pair?.names.includes(name) && !(name in parts)) {
      found.set(pair.name, name);
      found.set(pair.value, content);
    } else if (found.has(name)) return `duplicate key in comma-separated list property: ${name}`;
    else found.set(name, content);
  }
  return found;
}
