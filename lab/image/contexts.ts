import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { OperatorError } from '../../units/operator-error.ts';
import { workloadRooms } from '../workloads.ts';

/** A folder that Docker can build: a Dockerfile that starts `FROM brownout/base`, and what it copies. */
export interface Context {
  /** The workload's folder name; the image is `brownout/<name>`. */
  name: string;
  folder: string;
  /** Hash of every file in it. */
  digest: string;
}

/** Each workload with `image/build.ts` in the suite, or in the project that uses the suite, has an image of its own. */
export async function buildContexts(into: string): Promise<Context[]> {
  const scripts = new Map<string, string>();
  // The project's own take the place of the suite's.
  for (const fixtures of workloadRooms().reverse()) {
    if (!existsSync(fixtures)) continue;
    for (const name of readdirSync(fixtures)) {
      const script = ['ts', 'js'].map((ending) => join(fixtures, name, 'image', `build.${ending}`)).find(existsSync);
      if (script) scripts.set(name, script);
    }
  }
  return Promise.all([...scripts].sort().map(([name, script]) => buildContext(name, script, join(into, name))));
}

async function buildContext(name: string, script: string, folder: string): Promise<Context> {
  await mkdir(folder, { recursive: true });
  const module = (await import(pathToFileURL(script).href)) as { build?: (out: string) => Promise<void> };
  if (!module.build) {
    throw new OperatorError(`${script} exports no function 'build'`, {
      hint: 'export build(out: string): Promise<void>',
    });
  }
  await module.build(folder);
  if (!existsSync(join(folder, 'Dockerfile'))) {
    throw new OperatorError(`${script} wrote no Dockerfile`, {
      hint: `its build(out) must write one that starts FROM brownout/base`,
    });
  }
  return { name, folder, digest: await digestOf(folder) };
}

/** The same names, modes and contents give the same digest, whenever they were written. */
export async function digestOf(folder: string): Promise<string> {
  const hash = createHash('sha256');
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const file of files.sort()) {
    const { mode } = await stat(file);
    const content = createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
    hash.update(`${relative(folder, file)} ${(mode & 0o777).toString(8)} ${content}\n`);
  }
  return hash.digest('hex');
}
