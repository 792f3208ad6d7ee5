/** What each setting of a guest asks for: whoever may change one may not change all. */
import { parseDrive } from '../guests/config.ts';
import type { GuestConfig } from '../node/parts.ts';
import type { Request } from './world.ts';

/** The first that fits; of words with `|` between them one is enough. Of others none is asked here. */
const NEEDS: [setting: RegExp, privilege: string][] = [
  [/^(boot|bootdisk)$/, 'VM.Config.Disk'],
  [/^(cores|cpu|cpulimit|cpuunits|numa\d*|sockets|vcpus)$/, 'VM.Config.CPU'],
  [/^(memory|balloon|shares)$/, 'VM.Config.Memory'],
  [/^(acpi|hotplug|kvm|machine|scsihw|smbios1|tablet|vga|watchdog|audio\d+|serial\d+)$/, 'VM.Config.HWType'],
  [/^net\d+$/, 'VM.Config.Network'],
  [/^(ci\w+|ipconfig\d+|nameserver|searchdomain|sshkeys)$/, 'VM.Config.Cloudinit|VM.Config.Network'],
  [
    /^(agent|autostart|bios|description|name|onboot|ostype|protection|reboot|startup|tags|template)$/,
    'VM.Config.Options',
  ],
];
const DRIVE = /^(scsi|virtio|sata|ide)\d+$/;

function needOf(name: string, value: string | undefined): string | undefined {
  if (!DRIVE.test(name)) return NEEDS.find(([setting]) => setting.test(name))?.[1];
  return value !== undefined && parseDrive(name, value).cdrom ? 'VM.Config.CDROM' : 'VM.Config.Disk';
}

/** Throws Refusal 403. @param settings those that are set; `removed`: those that are taken out */
export async function checkSettings(
  { world, caller }: Request,
  vmid: number,
  settings: GuestConfig,
  removed: readonly string[] = [],
): Promise<void> {
  const given = [...Object.entries(settings), ...removed.map((name) => [name, undefined] as const)];
  const needs = new Set(given.map(([name, value]) => needOf(name, value)).filter((need) => need !== undefined));
  for (const need of needs) await world.rights.need(caller, `/vms/${vmid}`, need);
  for (const [name, value] of given) await checkPlaces({ world, caller }, name, value);
}

/** Space on a storage, and a bridge, are asked for where they are. */
async function checkPlaces(
  { world, caller }: Pick<Request, 'world' | 'caller'>,
  name: string,
  value: string | undefined,
) {
  const bridge = /^net\d+$/.test(name) ? /\bbridge=([^,]+)/.exec(value ?? '')?.[1] : undefined;
  if (bridge !== undefined) await needBridge({ world, caller }, bridge);
  const made = DRIVE.test(name) ? /^([^:,]+):(\d+(\.\d+)?|cloudinit)(,|$)/.exec(value ?? '')?.[1] : undefined;
  if (made !== undefined) await world.rights.need(caller, `/storage/${made}`, 'Datastore.AllocateSpace');
}

/** Throws Refusal 403. */
export function needBridge({ world, caller }: Pick<Request, 'world' | 'caller'>, bridge: string): Promise<void> {
  return world.rights.need(caller, `/sdn/zones/localnetwork/${bridge}`, 'SDN.Use');
}
