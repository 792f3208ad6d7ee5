import { existsSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram, words } from '../processes/program.ts';
import { OperatorError } from '../units/operator-error.ts';
import { poll } from '../units/until.ts';
import { run } from './command.ts';
import { type Lab, machineFolder, machineNames } from './lab.ts';

/**
 * A machine's own disk: an ext4 in a sparse file. Only the running machine has it mounted, through a loop device that goes when its
 * last mount goes: what ends a machine, however it ends, leaves none.
 *
 * A power cut forgets: the file system is stopped where it is, and keeps what it had written to its disk. What was still in memory,
 * for want of an fsync, is gone. What was written counts as kept even without a flush, as on a disk with a protected cache.
 */

/** Bytes of a machine's disk. It takes space on this computer's disk only as it fills. */
const SIZE = 16 * 2 ** 30;
/** Bytes are not zeroed that are zero already. */
const MKFS = ['mkfs.ext4', '-q', '-m', '0', '-J', 'size=32', '-E', 'assume_storage_prezeroed=1'];
/** How long the kernel may take to let go of a disk. */
const PATIENCE_MS = 60_000;

/** What is left of what a machine has written when its power is cut. */
export type PowerCut = 'forgets' | 'keeps the page cache';

/** For statuses and reports of a lab whose disks are folders. */
export const KEEPS_NOTE =
  'a power cut keeps the page cache: this computer gives the lab no loop devices, so nothing unsynced is lost';

/** The machine's disk as a file; not there where this computer has no loop devices: then the disk is a folder. */
export function imageOf(lab: Lab, machine: string): string {
  return join(machineFolder(lab, machine), 'disk.img');
}

/** The folder on this computer that is the machine's root, or where its image is mounted: in the machine, and nowhere else. */
export function diskOf(lab: Lab, machine: string): string {
  return join(machineFolder(lab, machine), 'disk');
}

/** Of a lab that is there, as a whole: it forgets only if each of its machines does. Undefined when there is none. */
export function powerCutOf(lab: Lab): PowerCut | undefined {
  const machines = machineNames(lab);
  if (machines.length === 0) return undefined;
  return machines.every((name) => existsSync(imageOf(lab, name))) ? 'forgets' : 'keeps the page cache';
}

/**
 * Makes a new machine's disk, completely or not at all. One that is there stays.
 *
 * @param fill puts into a folder what the disk holds from the beginning
 * @param keeps it is to be a folder, whatever this computer can do
 */
export async function layDisk(
  lab: Lab,
  machine: string,
  fill: (folder: string) => Promise<void>,
  keeps: boolean,
): Promise<void> {
  const disk = diskOf(lab, machine);
  const image = imageOf(lab, machine);
  if (existsSync(image) || existsSync(disk)) return;
  const part = `${disk}.new`;
  await rm(part, { recursive: true, force: true });
  await mkdir(part, { recursive: true });
  await fill(part);
  if (keeps || !(await canForget(lab))) return rename(part, disk);
  await makeImage(`${image}.new`, SIZE, [...MKFS, '-d', part]);
  await rename(`${image}.new`, image);
  await rm(part, { recursive: true });
}

async function makeImage(path: string, size: number, mkfs: string[]): Promise<void> {
  const file = await open(path, 'w');
  await file.truncate(size).finally(() => file.close());
  await run([...mkfs, path]);
}

let trial: Promise<boolean> | undefined;

/** Whether a power cut on this computer can forget: tried on a small disk, once a process. */
function canForget(lab: Lab): Promise<boolean> {
  trial ??= tryForgetting(join(lab.folder, 'trial'));
  return trial;
}

async function tryForgetting(folder: string): Promise<boolean> {
  const image = join(folder, 'image');
  const root = join(folder, 'root');
  await mkdir(root, { recursive: true });
  try {
    await makeImage(image, 2 ** 21, ['mkfs.ext4', '-q', '-O', '^has_journal']);
    const script = `mount -o loop "$1" "$2" && exec perl -e "$3" "$2" "$1"`;
    const { code } = await withDevices(['sh', '-c', script, 'sh', image, root, STOP]);
    return code === 0;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Stops the file system of a machine that runs, as a power cut does, and kills its process 1 at once. In this order nothing that the dying
 * machine does reaches its disk; before it is killed a process may see an I/O error, which nobody hears of: the cable is out already.
 *
 * Throws OperatorError where that failed: then the machine is not killed, and its disk would keep what a power cut forgets.
 *
 * @param init its process 1
 */
export async function stopDisk(image: string, init: number): Promise<void> {
  const ended = await withDevices(['perl', '-e', STOP, `/proc/${init}/root`, image, String(init)]);
  if (ended.code === 0 || ended.code === NOT_ITS_ROOT) return;
  throw new OperatorError(`the file system in ${image} could not be stopped, so it keeps what a power cut forgets`, {
    cause: new Error(words(ended)),
  });
}

/** Status: the process has ended, or has not moved into its disk yet. There is nothing to forget. */
const NOT_ITS_ROOT = 3;

/** In Perl, because every Debian has it and Node cannot do ioctl. The `shutdown` of ext4: nothing more is written, not even its journal. */
const SHUTDOWN = 'my $how = pack("L", 2); ioctl($root, 0x8004587d, $how) or die "shutdown: $!\\n";';

/**
 * Arguments: a folder, an image, a process to kill then. A folder whose file system is not in that very image is left alone: process 1 of
 * a machine that is just starting has this computer's root. It ignores signals: between the two acts there is no stopping.
 */
const STOP = `use Fcntl;
$SIG{$_} = "IGNORE" for qw(INT TERM HUP);
my ($folder, $image, $init) = @ARGV;
my ($device, $inode) = stat $image or die "$image: $!\\n";
sysopen(my $root, $folder, O_RDONLY | O_DIRECTORY) or exit ${NOT_ITS_ROOT};
my $on = (stat $root)[0];
my $number = ($on >> 8 & 0xfff) . ":" . ($on & 0xff | $on >> 12 & 0xfff00);
my $name = readlink("/sys/dev/block/$number") // exit ${NOT_ITS_ROOT};
$name =~ s{.*/}{};
$name =~ /^loop\\d+$/ or exit ${NOT_ITS_ROOT};
sysopen(my $loop, "/dev/$name", O_RDONLY) or die "/dev/$name: $!\\n";
my $status = "\\0" x 256;
ioctl($loop, 0x4c05, $status) or die "/dev/$name: $!\\n";
my ($backing_device, $backing_inode) = unpack("QQ", $status);
exit ${NOT_ITS_ROOT} if $backing_device != $device || $backing_inode != $inode;
${SHUTDOWN}
kill "KILL", $init if $init;`;

/** A shell's line for process 1 of a machine whose disk is an image: its own disk stops as in a power cut. */
export const STOP_OWN_DISK = `perl -e 'sysopen(my $root, "/", 0) or die; ${SHUTDOWN}' || true`;

/**
 * Resolves once no loop device has a machine's image any more. One that would stay is detached: of all the loop devices of this computer,
 * only those that have this very file. Throws OperatorError where something from outside of the lab holds it.
 */
export async function release(image: string): Promise<void> {
  if (!existsSync(image)) return;
  const left = await poll(
    async () => {
      const devices = await loopDevices(image);
      for (const { name, goes } of devices) if (!goes) await withDevices(['losetup', '--detach', name]);
      return devices;
    },
    (devices) => devices.length === 0,
    { timeout: PATIENCE_MS, every: 20 },
  );
  if (left.length === 0) return;
  throw new OperatorError(
    `${left.map(({ name }) => name).join(', ')} still has ${image}: it is mounted outside of the lab`,
    {
      hint: 'unmount it there (grep the device in /proc/*/mountinfo), then take the lab down again',
    },
  );
}

/** Those with this file, by its device and inode. `goes`: by itself, with its last mount. */
async function loopDevices(image: string): Promise<{ name: string; goes: boolean }[]> {
  const columns = 'NAME,AUTOCLEAR';
  const { stdout } = await withDevices(['losetup', '--noheadings', '--output', columns, '--associated', image]);
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .flatMap(([name, goes]) => (name ? [{ name, goes: goes === '1' }] : []));
}

/** Runs a program where /dev has all devices that the kernel has: in a container it may not. */
function withDevices(argv: string[]) {
  const script = 'mount -t devtmpfs dev /dev 2>/dev/null; exec "$@"';
  return runProgram('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', ...argv]);
}
