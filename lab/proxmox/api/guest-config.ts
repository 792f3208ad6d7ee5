/** The configuration of a guest: how the API shows it, what is given to it, and the disks that come with that. */
import { randomBytes, randomUUID } from 'node:crypto';
import { listOf } from '../config/values.ts';
import { drivesOf, formatDrive, formatNet, formatSize, parseDrive, parseNet } from '../guests/config.ts';
import type { GuestConfig, Log } from '../node/parts.ts';
import { asText, type Params } from './check.ts';
import { epoch } from './parts.ts';
import { badParameters, failed } from './refusal.ts';
import { CALL_SCHEMAS } from './schema.ts';
import type { World } from './world.ts';

const PROPERTIES = CALL_SCHEMAS.get('POST /nodes/{node}/qemu')!.parameters;
/** Parameters of creation that are no part of a configuration. */
const NOT_KEPT = new Set(
  'node vmid archive bwlimit force ha-managed import-working-storage live-restore pool start storage unique'.split(' '),
);
const OF_CALL = new Set('digest delete revert skiplock background_delay'.split(' '));
const DRIVE = /^(scsi|virtio|sata|ide)\d+$/;
/** `shared:8`: a new volume of so many GiB. */
const NEW_VOLUME = /^([^:]+):(\d+(?:\.\d+)?)$/;

/** Numbers where the schema has numbers and booleans. */
export function shown(config: GuestConfig): Record<string, string | number> {
  const typed = Object.entries(config).map(([key, value]): [string, string | number] => {
    const type = PROPERTIES[key]?.type;
    return [key, type === 'boolean' || type === 'integer' || type === 'number' ? Number(value) : value];
  });
  return Object.fromEntries(typed);
}

/** What of a call's parameters is configuration, as it is written. */
export function settingsOf(params: Params): GuestConfig {
  const kept = Object.entries(params).filter(([name]) => !NOT_KEPT.has(name) && !OF_CALL.has(name));
  return Object.fromEntries(kept.map(([name, value]) => [name, written(name, value)]));
}

function written(name: string, value: unknown): string {
  if (/^net\d+$/.test(name)) {
    const net = parseNet(name, String(value));
    // Locally made addresses begin with Proxmox's own prefix.
    return formatNet({ ...net, mac: net.mac ?? `BC:24:11:${[...randomBytes(3)].map(hex).join(':')}` });
  }
  return asText(value);
}

const hex = (byte: number) => byte.toString(16).padStart(2, '0').toUpperCase();

/** Throws Refusal 400 for a key that no configuration has. */
export function keysToDelete(list: unknown): string[] {
  const keys = listOf(String(list ?? ''));
  for (const key of keys) if (!PROPERTIES[key]) throw badParameters({ delete: `unknown option '${key}'` });
  return keys;
}

/** What a new guest has that nobody gave it. */
export function identity(config: GuestConfig): GuestConfig {
  const [disk] = drivesOf(config).filter(({ cdrom }) => !cdrom);
  return {
    ...(config.boot === undefined && disk && { boot: `order=${disk.key}` }),
    meta: `creation-qemu=10.0.0,ctime=${epoch()}`,
    smbios1: `uuid=${randomUUID()}`,
    vmgenid: randomUUID(),
  };
}

/** Throws Refusal 500 where a drive is on a storage that is not there. */
export function checkStorages({ storage }: World, settings: GuestConfig): void {
  for (const [key, value] of Object.entries(settings)) {
    if (!DRIVE.test(key)) continue;
    const { file } = parseDrive(key, value);
    const [name] = file.split(':');
    if (file.includes(':') && name !== storage.name) throw failed(`storage '${name}' does not exist`);
  }
}

/** Makes the volumes that are asked for, and puts their names into the settings. */
export async function makeVolumes(world: World, vmid: number, settings: GuestConfig, log: Log): Promise<GuestConfig> {
  const made: GuestConfig = { ...settings };
  for (const [key, value] of Object.entries(settings)) {
    if (!DRIVE.test(key)) continue;
    const drive = parseDrive(key, value);
    const { 'import-from': from, format, ...options } = drive.options;
    const size = NEW_VOLUME.exec(drive.file)?.[2];
    if (drive.file.endsWith(':cloudinit')) {
      made[key] = formatDrive({
        ...drive,
        file: await world.storage.cloudInit(vmid, made),
        options: { ...options, media: 'cdrom' },
      });
    } else if (from !== undefined) {
      const volid = await world.storage.importFrom(from, vmid);
      made[key] = formatDrive({ ...drive, file: volid, options: { ...options, ...(await sizeOf(world, volid)) } });
      log(`${key}: successfully created disk '${made[key]}'`);
    } else if (size !== undefined) {
      const bytes = Math.round(Number(size) * 1024 ** 3);
      const volid = await world.storage.allocate(vmid, format === 'raw' ? 'raw' : 'qcow2', bytes);
      made[key] = formatDrive({ ...drive, file: volid, options: { ...options, size: formatSize(bytes) } });
      log(`${key}: successfully created disk '${made[key]}'`);
    }
  }
  return made;
}

async function sizeOf({ storage }: World, volid: string): Promise<{ size?: string }> {
  const size = (await storage.list()).find((volume) => volume.volid === volid)?.size;
  return size === undefined ? {} : { size: formatSize(size) };
}
