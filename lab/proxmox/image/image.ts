/** The image that every guest of the lab starts from: a disk with all that the workloads need, and a kernel with its first file system. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OperatorError } from '../../../units/operator-error.ts';
import { run } from '../../command.ts';
import { cached } from '../../image/cache.ts';
import { rootFilesystem, SUITE } from '../../image/rootfs.ts';
import type { Progress } from '../../progress.ts';
import { unpackKernel } from './kernel.ts';

export interface GuestImage {
  /** A qcow2 with one ext4, no partitions. Never written to again: guests have overlays or copies of it. */
  disk: string;
  kernel: string;
  initrd: string;
}

/** Debian packages that building the image and running guests of it needs, beside the lab's own. */
export const GUEST_PACKAGES = ['qemu-system-x86', 'qemu-utils', 'genisoimage', 'e2fsprogs', 'lz4', 'binutils', 'kmod'];

/** In the guest, beside the root file system of all images. */
const PACKAGES = ['qemu-guest-agent', 'busybox-static'];
const KERNEL = 'linux-image-cloud-amd64';

/** Drivers in the order in which they need each other. What is built into the kernel is not among them. */
const DRIVERS = [
  ...['virtio_ring', 'virtio', 'virtio_pci_legacy_dev', 'virtio_pci_modern_dev', 'virtio_pci', 'virtio_blk'],
  ...['scsi_common', 'scsi_mod', 'virtio_scsi', 'sd_mod', 'cdrom', 'sr_mod', 'isofs'],
  ...['failover', 'net_failover', 'virtio_net', 'virtio_console', 'virtio-rng', 'button', 'evdev'],
];

/** Bytes. The file systems of guests are as big as this, whatever their disks: nobody needs more. */
const DISK_SIZE = 2 * 2 ** 30;

const FILES = join(import.meta.dirname, 'files');

/** The guests' image, built if it is not there: half a minute beyond the root file system. Throws OperatorError on other processors. */
export async function guestImage(progress: Progress): Promise<GuestImage> {
  if (process.arch !== 'x64') {
    throw new OperatorError(`the Proxmox lab's guests are made for x86-64, and this computer is ${process.arch}`, {
      hint: 'run this lab on another computer',
    });
  }
  const base = await rootFilesystem(progress);
  const files: Record<string, string> = {};
  for (const name of (await readdir(FILES)).sort()) files[name] = await readFile(join(FILES, name), 'utf8');
  const inputs = { base, PACKAGES, KERNEL, DRIVERS, DISK_SIZE, files, layout: layout.toString() };
  const entry = await cached('guest-image', inputs, progress, (folder) => build(folder, base, progress));
  return { disk: join(entry, 'disk.qcow2'), kernel: join(entry, 'vmlinux'), initrd: join(entry, 'initrd') };
}

async function build(folder: string, base: string, progress: Progress): Promise<void> {
  const work = await mkdtemp(join(folder, 'work-'));
  const [root, kernel] = [join(work, 'root'), join(work, 'kernel')];
  progress('building the image of guests: packages');
  await run(mmdebstrap(base, root, kernel), { env: { TMPDIR: work } });
  progress('building the image of guests: kernel');
  const [version] = await readdir(join(kernel, 'lib/modules'));
  await unpackKernel(join(kernel, 'boot', `vmlinuz-${version}`), join(folder, 'vmlinux'));
  await run(['sh', '-euc', layout(), 'sh', root, kernel, FILES, join(work, 'initrd'), ...DRIVERS]);
  await run([
    'sh',
    '-euc',
    'cd "$1"; find . | "$2" cpio -o -H newc > "$3"',
    'sh',
    join(work, 'initrd'),
    join(root, 'bin/busybox'),
    join(folder, 'initrd'),
  ]);
  progress('building the image of guests: disk');
  const raw = join(work, 'disk.raw');
  await writeFile(raw, '');
  await run([
    'mke2fs',
    '-q',
    '-t',
    'ext4',
    '-m',
    '0',
    '-J',
    'size=16',
    '-E',
    'lazy_itable_init=1',
    '-L',
    'root',
    '-d',
    root,
    raw,
    `${DISK_SIZE / 1024}k`,
  ]);
  await run(['qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', raw, join(folder, 'disk.qcow2')]);
  await rm(work, { recursive: true });
}

/**
 * Extends the root file system by some packages, as apt would in place: mmdebstrap takes what is there for what it made itself. The
 * kernel's package is only unpacked, beside it: installed, it would bring the tools for an initrd that no guest uses.
 */
function mmdebstrap(base: string, root: string, kernel: string): string[] {
  const fetch = `mkdir -p '${kernel}'; cd '${kernel}'; export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
    package=$(apt-cache depends ${KERNEL} | sed -n 's/.*Depends: \\(linux-image-[^ ]*\\).*/\\1/p' | head -n 1)
    apt-get --quiet download "$package"; dpkg-deb -x ./*.deb .`;
  return [
    ...['mmdebstrap', '--variant=custom', '--skip=check/empty', `--include=${PACKAGES.join(',')}`],
    ...['--aptopt=Apt::Install-Recommends "false"', '--dpkgopt=force-unsafe-io'],
    ...['--dpkgopt=path-exclude=/usr/share/man/*', '--dpkgopt=path-exclude=/usr/share/doc/*'],
    `--setup-hook=tar -C "$1" -xf '${base}'`,
    `--customize-hook=${fetch}`,
    ...[SUITE, root],
  ];
}

/** A shell script: what the image has of ours, and the contents of the initrd. Arguments: root, kernel, our files, initrd, drivers. */
function layout(): string {
  return `root=$1 kernel=$2 files=$3 initrd=$4; shift 4
install -m 755 "$files/init" "$root/sbin/init"
install -m 755 "$files/shutdown" "$root/sbin/shutdown"
for name in poweroff halt reboot; do ln -sf shutdown "$root/sbin/$name"; done
mkdir -p "$root/etc/acpi/PWRF"
printf '#!/bin/sh\\nexec /sbin/poweroff\\n' > "$root/etc/acpi/PWRF/00000080"
chmod 755 "$root/etc/acpi/PWRF/00000080"
echo guest > "$root/etc/hostname"
printf '127.0.0.1 localhost\\n' > "$root/etc/hosts"
: > "$root/etc/fstab"; : > "$root/etc/machine-id"
rm -f "$root/etc/resolv.conf"; : > "$root/etc/resolv.conf"
sed -i 's/^hosts:.*/hosts: files/' "$root/etc/nsswitch.conf"
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin

# Modules for whoever loads some in the guest: packet filters and queues.
modules=$(echo "$kernel"/lib/modules/*)
mkdir -p "$root\${modules#"$kernel"}/kernel"
cp -r "$modules/kernel/net" "$root\${modules#"$kernel"}/kernel/"
cp "$modules"/modules.builtin* "$modules"/modules.order "$root\${modules#"$kernel"}/"
depmod -b "$root" "\${modules##*/}"

mkdir -p "$initrd/bin" "$initrd/dev" "$initrd/root" "$initrd/m"
cp "$root/bin/busybox" "$initrd/bin/"
install -m 755 "$files/initramfs" "$initrd/init"
for each in "$@"; do
  cp "$(find "$modules/kernel" -name "$each.ko")" "$initrd/m/"
  strip --strip-debug "$initrd/m/$each.ko"
  echo "$each"
done > "$initrd/modules"
`;
}
