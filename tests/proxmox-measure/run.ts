/** Runs scenario files with the real command on the lab's Proxmox, and gives what it found. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { execa } from 'execa';
import type { Durability, Findings } from '../../analysis/findings.ts';
import type { ProxmoxStatus } from '../../lab/proxmox/status.ts';
import { runFolder } from '../../recording/folder.ts';
import type { ScenarioResult } from '../../run/invocation/invocation.ts';
import { readFindings } from '../../run/judge.ts';
import { parseDuration } from '../../units/units.ts';

const root = join(import.meta.dirname, '..', '..');
const scenarios = join(root, 'tests/data/proxmox-measure');
export const LAB_CLUSTER = join(root, 'clusters/lab-proxmox.yaml');

const command = (cwd: string, ...words: string[]) =>
  execa(process.execPath, [join(root, 'cli/main.ts'), ...words], { cwd, reject: false, stdin: 'ignore' });

export interface Ran {
  run: string;
  dir: string;
  findings: Findings;
  /** When the fault began, ms since 1970. */
  began: number;
  notUndone: string[];
}

/** Times as fast as Proxmox VE's HA goes in the lab, which must be up. */
export async function timeScale(): Promise<number> {
  const { stdout } = await command(root, 'lab', 'status', 'proxmox', '--json');
  const { state, settings } = JSON.parse(stdout) as ProxmoxStatus;
  if (state !== 'up' || !settings) throw new Error(`the lab's Proxmox is ${state}: brownout lab up proxmox`);
  return settings.timeScale;
}

/** Where scenarios are run; the recordings stay there. */
export class Project {
  readonly folder: string;
  readonly #scale: number;
  readonly #kept: boolean;

  /** @param folder one that stays; a temporary one otherwise */
  constructor(scale: number, folder: string | undefined) {
    this.#scale = scale;
    this.#kept = folder !== undefined;
    this.folder = folder ?? mkdtempSync(join(tmpdir(), 'brownout-measure-'));
    mkdirSync(this.folder, { recursive: true });
  }

  /** Throws an Error with the command's own words when nothing was measured. */
  async run(name: string, cluster: string, seed: number): Promise<Ran> {
    const scenario = join(this.folder, name);
    writeFileSync(scenario, hurried(readFileSync(join(scenarios, name), 'utf8'), this.#scale));
    const words = ['run', scenario, '--cluster', cluster, '--seed', String(seed), '--no-allure', '--json'];
    const { stdout, stderr } = await command(this.folder, ...words);
    const outcomes = stdout.startsWith('{') ? (JSON.parse(stdout) as { outcomes: ScenarioResult[] }).outcomes : [];
    const [outcome] = outcomes;
    if (outcome?.kind === 'judged') {
      const { meta, findings } = readFindings(runFolder(outcome.dir));
      const { t0 } = findings;
      if (t0 === undefined) throw new Error(`${outcome.dir}: the fault never began\n${stderr}`);
      const began = meta.origin.wall + t0.from;
      return { run: outcome.run, dir: outcome.dir, findings, began, notUndone: outcome.notUndone };
    }
    const why = outcome?.kind === 'refused' ? outcome.message : outcome?.kind === 'skipped' ? outcome.reason : stderr;
    throw new Error(`${basename(name)}: ${why}`);
  }

  remove(): void {
    if (!this.#kept) rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Faults are held for as long as HA needs. Guests boot as slowly as ever, whatever the scale of the timers. */
function hurried(scenario: string, scale: number): string {
  if (scale === 1) return scenario;
  return scenario.replace(/(hold: )(\S+)/g, (_, key: string, hold: string) => {
    return `${key}${Math.round((parseDuration(hold)! / scale + HURRY_LEAST) / 1000)}s`;
  });
}

/** What QEMU's start takes, and looks, ms: under a scale they count. */
const HURRY_LEAST = 30_000;

export interface Votes {
  acknowledged: number;
  lost: number;
  duplicated: number;
  /** Why nothing can be said of them. */
  unknown: string | undefined;
}

/** Every acknowledged vote was looked for in PostgreSQL, where it must be exactly once. */
export function votesOf({ durability }: Findings): Votes {
  const votes: Durability | undefined = durability.find(({ stream }) => stream === 'vote');
  if (!votes) return { acknowledged: 0, lost: 0, duplicated: 0, unknown: 'no votes were counted' };
  const { acknowledged, lost, duplicated, unknown } = votes;
  const none = acknowledged === 0 ? 'no vote was acknowledged' : undefined;
  return { acknowledged, lost: lost.length, duplicated: duplicated.length, unknown: unknown ?? none };
}

export type Held = 'yes' | 'no' | 'unknown';

/** What does not hold makes it `no`; else what is not known makes it `unknown`. */
export function all(parts: Held[]): Held {
  return parts.includes('no') ? 'no' : parts.includes('unknown') ? 'unknown' : 'yes';
}

/** Of what every run must show: its fault was there, no vote lost or counted twice, nothing left to be undone. */
export function basics({ findings, notUndone }: Ran): { held: Held; why: string[] } {
  const { lost, duplicated, unknown } = votesOf(findings);
  const confirmed = findings.checks.find(({ kind }) => kind === 'fault-confirmed');
  const left = [...notUndone, ...(findings.cleanUp.left ?? [])];
  const why = [
    ...(confirmed?.verdict === 'pass'
      ? []
      : [`the fault was not proven: ${confirmed?.observed ?? 'nothing was seen'}`]),
    ...(unknown === undefined ? [] : [`votes: ${unknown}`]),
    ...(lost > 0 ? [`${lost} acknowledged votes are lost`] : []),
    ...(duplicated > 0 ? [`${duplicated} votes were counted twice`] : []),
    ...left.map((what) => `left behind: ${what}`),
  ];
  const isBroken = lost > 0 || duplicated > 0 || left.length > 0;
  return { held: isBroken ? 'no' : why.length > 0 ? 'unknown' : 'yes', why };
}

export const seconds = ({ from, to }: { from: number; to: number }) =>
  `${(from / 1000).toFixed(1)}–${(to / 1000).toFixed(1)} s`;
