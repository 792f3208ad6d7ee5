/** The configuration of a guest as Proxmox VE writes it: a file of `key: value` lines, and what the values of drives and nets mean. */
import { decodeLine, encodeLine, isTrue } from '../config/values.ts';
import type { GuestConfig } from '../node/parts.ts';

/** A guest's file: what it is now, and what it was at each snapshot. */
export interface ConfigFile {
  config: GuestConfig;
  snapshots: Record<string, GuestConfig>;
}

/** The parts of a value such as `shared:100/vm-100-disk-0.qcow2,size=2G`, by name, in their order. */
export type Options = Record<string, string>;

/** A disk or an optical drive. */
export interface Drive {
  /** `scsi0` */
  key: string;
  /** A volume's id, or `none` for an empty optical drive. */
  file: string;
  cdrom: boolean;
  options: Options;
}

export interface Net {
  /** `net0` */
  key: string;
  model: string;
  /** Undefined: not yet given one. */
  mac: string | undefined;
  bridge: string | undefined;
  linkDown: boolean;
  options: Options;
}

const DRIVE = /^(scsi|virtio|sata|ide|efidisk|tpmstate)\d+$/;
const NET = /^net\d+$/;
const MODELS = ['virtio', 'e1000', 'e1000e', 'rtl8139', 'vmxnet3'];

/** Throws an Error that names the line which is neither a setting, nor a comment, nor a snapshot's head. */
export function parseFile(text: string): ConfigFile {
  const file: ConfigFile = { config: {}, snapshots: {} };
  let section = file.config;
  let description: string[] = [];
  const describe = (): void => {
    if (description.length > 0) section.description = description.map((line) => `${line}\n`).join('');
    description = [];
  };
  for (const [index, line] of text.split('\n').entries()) {
    const head = /^\[([A-Za-z][\w-]*)\]\s*$/.exec(line);
    const setting = /^([a-z][\w-]*):\s*(.*?)\s*$/.exec(line);
    if (head) {
      describe();
      section = {};
      file.snapshots[head[1]!] = section;
    } else if (line.startsWith('#')) description.push(decodeLine(line.slice(1)));
    else if (setting) section[setting[1]!] = setting[2]!;
    else if (line.trim() !== '') throw new Error(`vm config: line ${index + 1}: unable to parse '${line}'`);
  }
  describe();
  return file;
}

/** What `parseFile` reads: settings in the order of their names, the description as comments before them. */
export function formatFile({ config, snapshots }: ConfigFile): string {
  const sections = [formatSection(config)];
  for (const name of Object.keys(snapshots).sort()) sections.push(`[${name}]\n${formatSection(snapshots[name]!)}`);
  return sections.join('\n');
}

function formatSection({ description, ...settings }: GuestConfig): string {
  const lines = description === undefined ? [] : description.replace(/\n$/, '').split('\n');
  return [
    ...lines.map((line) => `#${encodeLine(line)}\n`),
    ...Object.keys(settings)
      .sort()
      .map((key) => `${key}: ${settings[key]}\n`),
  ].join('');
}

/** @param first the name of the part that stands first without one. Throws an Error that quotes the part which is wrong. */
export function parseOptions(text: string, first: string): Options {
  const options: Options = {};
  for (const [index, part] of text.split(',').entries()) {
    const at = part.indexOf('=');
    // A volume's name may hold '=', but a part's name never holds ':' or '/'.
    const named = at > 0 && /^[\w-]+$/.test(part.slice(0, at));
    if (!named && (index > 0 || part === ''))
      throw new Error(`invalid format - '${part}' is not of the form key=value`);
    const [key, value] = named ? [part.slice(0, at), part.slice(at + 1)] : [first, part];
    if (key in options) throw new Error(`invalid format - duplicate key '${key}'`);
    options[key] = value;
  }
  return options;
}

export function formatOptions(options: Options, first: string): string {
  const { [first]: head, ...others } = options;
  const named = Object.entries(others).map(([key, value]) => `${key}=${value}`);
  return [...(head === undefined ? [] : [head]), ...named].join(',');
}

/** Throws an Error that names the drive. */
export function parseDrive(key: string, text: string): Drive {
  const { file, ...options } = parseOptions(text, 'file');
  if (!file) throw new Error(`invalid format - ${key}: no volume`);
  return { key, file, cdrom: options.media === 'cdrom', options };
}

export function formatDrive({ file, options }: Drive): string {
  return formatOptions({ file, ...options }, 'file');
}

export function drivesOf(config: GuestConfig): Drive[] {
  return keysLike(config, DRIVE).map((key) => parseDrive(key, config[key]!));
}

/** `virtio=BC:24:11:00:00:01,bridge=vmbr0`, or `virtio,bridge=vmbr0` before it has an address. Throws an Error that names the net. */
export function parseNet(key: string, text: string): Net {
  const options = parseOptions(text, 'model');
  const named = MODELS.find((model) => model in options);
  const { model = named, macaddr, bridge, link_down: down, ...others } = options;
  if (model === undefined || !MODELS.includes(model)) throw new Error(`invalid format - ${key}: no model`);
  const { [model]: after, ...rest } = others;
  const mac = after ?? macaddr;
  if (mac !== undefined && !/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(mac)) {
    throw new Error(`invalid format - ${key}: '${mac}' is not a hardware address`);
  }
  return { key, model, mac: mac?.toUpperCase(), bridge, linkDown: isTrue(down), options: rest };
}

export function formatNet({ model, mac, bridge, linkDown, options }: Net): string {
  const parts = [mac === undefined ? model : `${model}=${mac}`];
  if (bridge !== undefined) parts.push(`bridge=${bridge}`);
  if (linkDown) parts.push('link_down=1');
  return [...parts, ...Object.entries(options).map(([key, value]) => `${key}=${value}`)].join(',');
}

export function netsOf(config: GuestConfig): Net[] {
  return keysLike(config, NET).map((key) => parseNet(key, config[key]!));
}

/** Cores that a guest has. */
export const coresOf = (config: GuestConfig) => Number(config.sockets ?? 1) * Number(config.cores ?? 1);

/** Bytes that a guest has, also of `current=512`. */
export const memoryOf = (config: GuestConfig) => Number(/\d+/.exec(config.memory ?? '')?.[0] ?? 512) * 2 ** 20;

/** Whether the guest is said to have an agent: `1`, `enabled=1,fstrim_cloned_disks=1`. */
export function hasAgent(config: GuestConfig): boolean {
  return config.agent !== undefined && isTrue(parseOptions(config.agent, 'enabled').enabled);
}

/** @returns bytes of `2G`, `512M`, `1024K` or `4096`. Throws an Error that quotes what is none. */
export function parseSize(text: string): number {
  const found = /^(\d+(?:\.\d+)?)([KMGT]?)$/.exec(text);
  if (!found) throw new Error(`unable to parse disk size '${text}'`);
  return Math.round(Number(found[1]) * 1024 ** ' KMGT'.indexOf(found[2] || ' '));
}

/** The largest unit in which the size is a whole number, as Proxmox VE writes it; bytes that are no whole KiB are rounded up. */
export function formatSize(bytes: number): string {
  let size = Math.ceil(bytes / 1024);
  for (const unit of 'KMG') {
    if (size === 0 || size % 1024 !== 0) return `${size}${unit}`;
    size /= 1024;
  }
  return `${size}T`;
}

function keysLike(config: GuestConfig, pattern: RegExp): string[] {
  return Object.keys(config)
    .filter((key) => pattern.test(key))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}
