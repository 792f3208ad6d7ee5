/** What a try is made on: clusters made of files, projects to start the suite in, and the one server that users of all clusters ask. */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ownerState, thisOwner } from '../../platforms/owner.ts';
import { poll } from '../../units/until.ts';
import type { Lie } from '../files-cluster/platforms/files/lies.ts';
import { createCluster } from '../files-cluster/platforms/files/state.ts';
import { processesIn, sweep } from './sweep.ts';

const root = path.resolve(import.meta.dirname, '..', '..');
const parts = path.join(root, 'tests', 'files-cluster');
export const SCENARIO = path.join(parts, 'scenarios', 'everything.yaml');

/** A process that was told to end, or whose suite is gone, may take so long. */
const ENDING = 30_000;

export interface Bed {
  project(clusters: number): Project;
  /** @param keep what is there is looked at by somebody */
  close(keep: boolean): void;
}

const BED = 'torture-files-';
/** In a bed's folder, while it is in use: by whom. */
const OWNER = 'owner';

export async function createBed(): Promise<Bed> {
  await sweepBeds();
  const base = mkdtempSync(path.join(os.tmpdir(), BED));
  writeFileSync(path.join(base, OWNER), thisOwner());
  // Of its own group, so that a Ctrl-C for the torture leaves it to clean up.
  const keeper = spawn(process.execPath, [path.join(import.meta.dirname, 'keeper.ts'), base], {
    stdio: ['pipe', 'ignore', 'inherit'],
    detached: true,
  });
  const entry = spawn(process.execPath, [path.join(parts, 'entry.ts'), base], { stdio: ['pipe', 'pipe', 'inherit'] });
  const port = await new Promise<string>((resolve) =>
    entry.stdout.once('data', (text) => resolve(String(text).trim())),
  );
  let count = 0;
  return {
    project(clusters) {
      count += 1;
      return new Project(base, `p${count}`, port, clusters);
    },
    close(keep) {
      keeper.kill('SIGKILL');
      entry.stdin.end();
      if (keep) rmSync(path.join(base, OWNER));
      else rmSync(base, { recursive: true, force: true });
    },
  };
}

/** Beds of tortures that were killed together with their keepers. */
async function sweepBeds(): Promise<void> {
  for (const name of readdirSync(os.tmpdir()).filter((each) => each.startsWith(BED))) {
    const folder = path.join(os.tmpdir(), name);
    const owner = path.join(folder, OWNER);
    if (existsSync(owner) && ownerState(readFileSync(owner, 'utf8')) === 'gone') await sweep(folder);
  }
}

interface ClusterOfFiles {
  folder: string;
  /** Its cluster file. */
  file: string;
  before: Record<string, string>;
}

/** A project folder with clusters of its own. */
export class Project {
  readonly folder: string;
  readonly clusters: ClusterOfFiles[];
  readonly #temporary: string;
  readonly #env: NodeJS.ProcessEnv;

  constructor(base: string, name: string, port: string, clusters: number) {
    this.folder = path.join(base, name);
    this.#temporary = path.join(base, `${name}-tmp`);
    mkdirSync(this.folder);
    mkdirSync(this.#temporary);
    for (const part of ['platforms', 'fixtures']) symlinkSync(path.join(parts, part), path.join(this.folder, part));
    writeFileSync(path.join(this.folder, 'package.json'), '{ "private": true, "type": "module" }\n');
    this.clusters = Array.from({ length: clusters }, (_, index) => {
      const cluster = `${name}-c${index + 1}`;
      const folder = path.join(base, cluster);
      createCluster(folder);
      const file = path.join(this.folder, `c${index + 1}.yaml`);
      writeFileSync(file, clusterFile(folder, `http://127.0.0.1:${port}/${cluster}`));
      return { folder, file, before: filesIn(folder) };
    });
    this.#env = {
      ...process.env,
      TMPDIR: this.#temporary,
      // What Node and Playwright compile is the same for all.
      NODE_COMPILE_CACHE: path.join(base, 'compiled'),
      PWTEST_CACHE_DIR: path.join(base, 'transformed'),
    };
  }

  get recordings(): string {
    return path.join(this.folder, '.brownout');
  }

  spawn(script: string, words: string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
    return spawn(process.execPath, [path.join(root, script), ...words], {
      cwd: this.folder,
      env: { ...this.#env, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
  }

  lie(cluster: number, lies: Lie[]): void {
    writeFileSync(path.join(this.clusters[cluster]!.folder, 'lies.json'), JSON.stringify(lies));
  }

  endLies(): void {
    for (const { folder } of this.clusters) rmSync(path.join(folder, 'lies.json'), { force: true });
  }

  /** How a cluster differs from what it was before. */
  left(cluster: number): string[] {
    const { folder, before } = this.clusters[cluster]!;
    const now = filesIn(folder);
    return [...new Set([...Object.keys(before), ...Object.keys(now)])]
      .filter((file) => before[file] !== now[file])
      .map((file) => `${file}: ${now[file] ?? 'gone'}${before[file] === undefined ? '' : `, was ${before[file]}`}`);
  }

  temporary(): string[] {
    return readdirSync(this.#temporary);
  }

  /** Processes in the project's folder: those of the suite, and what it started. */
  processes(): { pid: number; words: string }[] {
    return processesIn(this.folder);
  }

  /** Waits for the end of all processes; tells those that go on. */
  async ended(): Promise<string[]> {
    const left = await poll(
      async () => this.processes(),
      (seen) => seen.length === 0,
      { timeout: ENDING, every: 100 },
    );
    return left.map(({ pid, words }) => `process ${pid} is left: ${words}`);
  }

  remove(): void {
    for (const { folder } of this.clusters) rmSync(folder, { recursive: true, force: true });
    rmSync(this.folder, { recursive: true, force: true });
    rmSync(this.#temporary, { recursive: true, force: true });
  }
}

function clusterFile(folder: string, entry: string): string {
  const power = path.join(folder, 'power', '{node}');
  return `platform: files
reach: { folder: ${folder} }
allow: { nodes: [n*], namespaces: [brownout-*] }
power: { command: { off: "echo off > ${power}", on: "echo on > ${power}", state: "cat ${power}" } }
entry: { page: "${entry}" }
`;
}

/** Every file and folder, with what is in it. */
function filesIn(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true }) as string[];
  const files = names.filter((name) => !name.startsWith('lies.json'));
  return Object.fromEntries(
    files.map((name) => {
      const file = path.join(folder, name);
      if (!existsSync(file)) return [name, 'gone'];
      return [name, statSync(file).isDirectory() ? 'a folder' : readFileSync(file, 'utf8').trim()];
    }),
  );
}
