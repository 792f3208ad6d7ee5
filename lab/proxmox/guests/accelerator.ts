import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { poll } from '../../../units/until.ts';
import { run } from '../../command.ts';
import { cached } from '../../image/cache.ts';
import type { Progress } from '../../progress.ts';
import type { GuestImage } from '../image/image.ts';

/** How guests are run: by the processor, or emulated (TCG), at a tenth or less of the speed. */
export type Accelerator = 'kvm' | 'tcg';

/** What a kernel on KVM needs for its first words, many times over. */
const PATIENCE_MS = 10_000;

/** The part of QEMU's command line that says how guests are run. */
export function acceleratorArgs(accelerator: Accelerator): string[] {
  return accelerator === 'kvm'
    ? ['-accel', 'kvm', '-cpu', 'host']
    : // `max` would make emulation twice as slow: it has much that must be emulated by hand. A boot alone fills 60 MiB with translated
      // code; once `tb-size` (MiB) is full all of it is thrown away, and only what is used of it takes memory.
      ['-accel', 'tcg,thread=multi,tb-size=256', '-cpu', 'qemu64'];
}

/**
 * Whether a guest really runs with KVM here: its kernel is started, and must say something. A /dev/kvm that opens proves nothing
 * (seen: one on which the kernel never gets past its first instructions). Asked once after each start of this computer.
 */
export async function accelerator({ kernel, initrd }: GuestImage, progress: Progress): Promise<Accelerator> {
  if (!existsSync('/dev/kvm')) return 'tcg';
  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  const qemu = (await run(['qemu-system-x86_64', '--version'])).split('\n')[0];
  const entry = await cached('accelerator', { boot, qemu, kernel }, progress, async (folder) => {
    progress('trying whether guests run with KVM');
    const said = join(folder, 'said');
    const argv = [...acceleratorArgs('kvm'), '-M', 'q35', '-m', '256', '-nodefaults', '-display', 'none', '-no-reboot'];
    const child = spawn(
      'qemu-system-x86_64',
      [...argv, '-kernel', kernel, '-initrd', initrd, '-append', 'console=ttyS0', '-serial', `file:${said}`],
      { stdio: 'ignore' },
    );
    let ended = false;
    child.on('error', () => (ended = true)).on('exit', () => (ended = true));
    const speaks = async () => (await readFile(said, 'utf8').catch(() => '')).includes('Run /init');
    await poll(async () => ended || (await speaks()), Boolean, { timeout: PATIENCE_MS });
    child.kill('SIGKILL');
    await writeFile(join(folder, 'answer'), (await speaks()) ? 'kvm' : 'tcg');
  });
  return (await readFile(join(entry, 'answer'), 'utf8')) as Accelerator;
}
