/** The shared storage: a folder with Proxmox VE's layout of a `dir` storage, which every machine sees at the same path. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { copyFile, link, mkdir, mkdtemp, open, readdir, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { run } from '../../command.ts';
import type { GuestImage } from '../image/image.ts';
import type { GuestConfig, Storage } from '../node/parts.ts';
import type { Accelerator } from './accelerator.ts';
import { cloudInitFiles } from './cloud-init.ts';

/** The image that guests are imported from. */
export const IMAGE = 'debian-12-guest.qcow2';

/** Where contents of a kind are, below the storage's folder. */
const PLACES = { import: 'import', iso: 'template/iso', snippets: 'snippets' } as const;

/** What all guests are started with. They have no boot loader: under emulation it would take longer than the kernel. */
export interface Boot {
  kernel: string;
  initrd: string;
}

export function bootOf(folder: string): Boot & { accelerator: string } {
  return {
    kernel: join(folder, 'boot/vmlinux'),
    initrd: join(folder, 'boot/initrd'),
    accelerator: join(folder, 'boot/accelerator'),
  };
}

/** Fills a new storage, on this computer, with what guests are made of. What is there stays. */
export async function stock(folder: string, image: GuestImage, accelerator: Accelerator): Promise<void> {
  for (const place of ['images', 'boot', ...Object.values(PLACES)])
    await mkdir(join(folder, place), { recursive: true });
  const boot = bootOf(folder);
  // A name of its own for the same file: it takes no room, and stays when the cache lets go of it.
  for (const [from, to] of [
    [image.disk, join(folder, PLACES.import, IMAGE)],
    [image.kernel, boot.kernel],
    [image.initrd, boot.initrd],
  ] as const) {
    await link(from, to).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return;
      if (error.code !== 'EXDEV') throw error;
      return copyFile(from, to);
    });
  }
  await writeFile(boot.accelerator, accelerator);
}

/** How guests on this storage are run. */
export function acceleratorOf(folder: string): Accelerator {
  return readFileSync(bootOf(folder).accelerator, 'utf8') as Accelerator;
}

export class SharedFolder implements Storage {
  readonly name: string;
  readonly folder: string;

  constructor(name: string, folder: string) {
    this.name = name;
    this.folder = folder;
  }

  /** Throws an Error for a volume of another storage, or a name that leads elsewhere. */
  path(volid: string): string {
    const [, storage, kind, file] = /^([^:]+):([^/]+)\/([^/]+)$/.exec(volid) ?? [];
    if (storage !== this.name || file === undefined || file.startsWith('.') || kind!.startsWith('.')) {
      throw new Error(`unable to parse volume ID '${volid}' of storage '${this.name}'`);
    }
    if (kind! in PLACES) return join(this.folder, PLACES[kind as keyof typeof PLACES], file);
    if (!/^\d+$/.test(kind!)) throw new Error(`unable to parse volume ID '${volid}' of storage '${this.name}'`);
    return join(this.folder, 'images', kind!, file);
  }

  async list(): ReturnType<Storage['list']> {
    const found: Awaited<ReturnType<Storage['list']>> = [];
    for (const [content, place] of Object.entries(PLACES)) {
      for (const file of await names(join(this.folder, place))) {
        found.push({
          volid: `${this.name}:${content}/${file}`,
          content,
          ...(await sizes(join(this.folder, place, file))),
        });
      }
    }
    for (const vmid of await names(join(this.folder, 'images'))) {
      for (const file of await names(join(this.folder, 'images', vmid))) {
        const size = await sizes(join(this.folder, 'images', vmid, file));
        found.push({ volid: `${this.name}:${vmid}/${file}`, content: 'images', ...size, vmid: Number(vmid) });
      }
    }
    return found;
  }

  async allocate(vmid: number, format: 'qcow2' | 'raw', size: number): Promise<string> {
    return this.#create(vmid, format, (path) => run(['qemu-img', 'create', '-q', '-f', format, path, String(size)]));
  }

  async clone(volid: string, vmid: number, full: boolean): Promise<string> {
    const from = await this.#existing(volid);
    const { format } = await sizes(from);
    if (full) {
      return this.#create(vmid, 'qcow2', (path) =>
        run(['qemu-img', 'convert', '-U', '-f', format, '-O', 'qcow2', from, path]),
      );
    }
    return this.#overlay(from, format, vmid);
  }

  /** What it has in common with the image it goes on reading there: a copy in milliseconds, not in the seconds of a real one. */
  async importFrom(volid: string, vmid: number): Promise<string> {
    const from = await this.#existing(volid);
    return this.#overlay(from, (await sizes(from)).format, vmid);
  }

  async cloudInit(vmid: number, config: GuestConfig): Promise<string> {
    const volid = `${this.name}:${vmid}/vm-${vmid}-cloudinit.qcow2`;
    const path = this.path(volid);
    await mkdir(dirname(path), { recursive: true });
    const work = await mkdtemp(join(dirname(path), '.cloudinit-'));
    try {
      await mkdir(join(work, 'files'));
      const files = cloudInitFiles(vmid, config);
      const id = createHash('sha1')
        .update(files['user-data'] + files['network-config'])
        .digest('hex');
      for (const [name, text] of Object.entries({ ...files, 'meta-data': `instance-id: ${id}\n` })) {
        await writeFile(join(work, 'files', name), text);
      }
      const iso = join(work, 'iso');
      await run(['genisoimage', '-quiet', '-iso-level', '3', '-R', '-V', 'cidata', '-o', iso, join(work, 'files')]);
      await run(['qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', iso, join(work, 'qcow2')]);
      await rename(join(work, 'qcow2'), path);
    } finally {
      await rm(work, { recursive: true });
    }
    return volid;
  }

  async free(volid: string): Promise<void> {
    const path = this.path(volid);
    await rm(path, { force: true });
    // The folder of a guest goes with its last disk.
    if (basename(dirname(dirname(path))) === 'images') await rmdir(dirname(path)).catch(() => {});
  }

  async #existing(volid: string): Promise<string> {
    const path = this.path(volid);
    await stat(path).catch(() => {
      throw new Error(`volume '${volid}' does not exist`);
    });
    return path;
  }

  #overlay(from: string, format: string, vmid: number): Promise<string> {
    return this.#create(vmid, 'qcow2', (path) =>
      // Relative, so that it is found wherever the folder is mounted.
      run(['qemu-img', 'create', '-q', '-f', 'qcow2', '-b', relative(dirname(path), from), '-F', format, path]),
    );
  }

  /** The first free name: whoever makes the file has it, on all machines. */
  async #create(vmid: number, format: string, make: (path: string) => Promise<unknown>): Promise<string> {
    for (let number = 0; ; number += 1) {
      const volid = `${this.name}:${vmid}/vm-${vmid}-disk-${number}.${format}`;
      const path = this.path(volid);
      await mkdir(dirname(path), { recursive: true });
      const claimed = await open(path, 'wx').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'EEXIST') return undefined;
        throw error;
      });
      if (!claimed) continue;
      await claimed.close();
      try {
        await make(path);
      } catch (error) {
        await rm(path, { force: true });
        throw error;
      }
      return volid;
    }
  }
}

async function names(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).filter((name) => !name.startsWith('.')).sort();
}

/** Read from the file's own head: qemu-img refuses to look at the disk of a guest that runs. */
async function sizes(path: string): Promise<{ format: string; size: number; used: number }> {
  const { size, blocks } = await stat(path);
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(32), 0, 32, 0);
    const used = blocks * 512;
    if (bytesRead === 32 && buffer.toString('latin1', 0, 4) === 'QFI\xfb') {
      return { format: 'qcow2', size: Number(buffer.readBigUInt64BE(24)), used };
    }
    return { format: path.endsWith('.iso') ? 'iso' : 'raw', size, used };
  } finally {
    await file.close();
  }
}
