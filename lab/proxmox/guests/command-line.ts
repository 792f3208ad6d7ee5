import type { GuestConfig, Storage } from '../node/parts.ts';
import { type Accelerator, acceleratorArgs } from './accelerator.ts';
import { coresOf, drivesOf, hasAgent, memoryOf, netsOf } from './config.ts';
import { throttles } from './limits.ts';
import { agentSocket, monitorSocket, pidFile, serialFile } from './processes.ts';
import type { Boot } from './storage.ts';

/**
 * What the configuration does not say and every guest is started with. No random addresses: the emulator keeps translated code by its
 * address, and would translate each program anew at each start. No crypto self-tests, no zeroing of all memory: time that a boot costs.
 */
const KERNEL_WORDS =
  'console=ttyS0 quiet mitigations=off norandmaps random.trust_cpu=on tsc=reliable nowatchdog no_timer_check cryptomgr.notests init_on_alloc=0';

/** The name of a guest's link on its machine's bridge. */
export const tapName = (vmid: number, net: string) => `tap${vmid}i${net.slice('net'.length)}`;

/** QEMU's command line for a guest. It leaves the caller's session by itself once all its devices are there. */
export function commandLine(
  vmid: number,
  config: GuestConfig,
  { storage, boot, accelerator }: { storage: Pick<Storage, 'path'>; boot: Boot; accelerator: Accelerator },
): string[] {
  const argv = ['qemu-system-x86_64', '-name', config.name ?? `VM${vmid}`, '-pidfile', pidFile(vmid), '-daemonize'];
  // No microvm: it spins under emulation. Legacy devices cost time at each boot.
  argv.push(
    '-M',
    'q35,usb=off,smbus=off,sata=off,vmport=off,hpet=off',
    '-nodefaults',
    '-no-user-config',
    '-display',
    'none',
  );
  argv.push(...acceleratorArgs(accelerator), '-smp', String(coresOf(config)), '-m', `${memoryOf(config) / 2 ** 20}M`);
  argv.push('-kernel', boot.kernel, '-initrd', boot.initrd, '-append', KERNEL_WORDS);
  argv.push('-qmp', `unix:${monitorSocket(vmid)},server=on,wait=off`, '-serial', `file:${serialFile(vmid)}`);
  argv.push('-device', 'virtio-rng-pci', '-device', 'virtio-scsi-pci,id=scsihw');
  for (const drive of drivesOf(config)) {
    if (/^(efidisk|tpmstate)/.test(drive.key) || drive.file === 'none') continue;
    const { id, ...limits } = throttles(drive);
    const limited = Object.entries(limits).filter(([, value]) => value !== 0);
    const file = storage.path(drive.file);
    argv.push(
      '-drive',
      [
        ...['if=none', `id=drive-${drive.key}`, `file=${file.replaceAll(',', ',,')}`],
        `format=${/\.(raw|iso)$/.test(file) ? 'raw' : 'qcow2'}`,
        // What the guest has flushed is on disk; what it has not may be in this computer's memory.
        `cache=${drive.options.cache ?? 'writeback'}`,
        ...(drive.cdrom ? ['media=cdrom', 'readonly=on'] : []),
        ...limited.map(([name, value]) => `${THROTTLE[name]}=${value}`),
      ].join(','),
    );
    // The first disks are found first.
    const device = drive.cdrom
      ? 'scsi-cd,bus=scsihw.0'
      : drive.key.startsWith('virtio')
        ? 'virtio-blk-pci'
        : 'scsi-hd,bus=scsihw.0';
    argv.push('-device', `${device},drive=drive-${drive.key},id=${id}`);
  }
  for (const net of netsOf(config)) {
    argv.push('-netdev', `tap,id=${net.key},ifname=${tapName(vmid, net.key)},script=no,downscript=no`);
    argv.push(
      '-device',
      `virtio-net-pci,id=nic-${net.key},netdev=${net.key},romfile=${net.mac ? `,mac=${net.mac}` : ''}`,
    );
  }
  if (hasAgent(config)) {
    argv.push(
      '-chardev',
      `socket,id=qga0,path=${agentSocket(vmid)},server=on,wait=off`,
      '-device',
      'virtio-serial-pci',
    );
    argv.push('-device', 'virtserialport,chardev=qga0,name=org.qemu.guest_agent.0');
  }
  return argv;
}

const THROTTLE: Record<string, string> = {
  bps: 'throttling.bps-total',
  bps_rd: 'throttling.bps-read',
  bps_wr: 'throttling.bps-write',
  iops: 'throttling.iops-total',
  iops_rd: 'throttling.iops-read',
  iops_wr: 'throttling.iops-write',
};
