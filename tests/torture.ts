/**
 * `npm run torture -- [--runs 50] [--seed 1] [--lab swarm|kubernetes|proxmox]`: on clusters made of files (`--lab files`) see torture/files.ts. On a lab: kills the suite (-9, all its processes) at random moments of short
 * runs, every fault first while it is in effect and then anywhere in the run, lets `brownout undo` clean up from the journal, and
 * compares the lab with its state before: services, volumes, networks, node availability, power; namespaces, taints,
 * policies; on Proxmox guests, disks, HA resources and rules, maintenance, cables, and the nodes' own firewalls. Also: every sample that was in the file at the kill can be read afterwards. Needs the lab to be up.
 */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { execa, execaSync } from 'execa';
import { loadCluster } from '../clusters/load.ts';
import { inside } from '../lab/host.ts';
import { proxmoxLab } from '../lab/proxmox/layout.ts';
import { proxmoxStatus } from '../lab/proxmox/status.ts';
import { createPlatform } from '../platforms/index.ts';
import { createPower } from '../platforms/power/index.ts';
import { readSamples } from '../probes/samples.ts';
import { listRuns, runsDir } from '../recording/folder.ts';
import { differences, type Snapshot } from '../run/snapshot.ts';
import { seeded } from '../units/random.ts';
import { sleep } from '../units/sleep.ts';
import { poll } from '../units/until.ts';
import { killTree } from './processes.ts';
import { tortureFiles } from './torture/files.ts';

const root = path.dirname(import.meta.dirname);
const bin = path.join(root, 'cli', 'main.ts');
const clusterFileOf = (lab: Lab) => path.join(root, 'clusters', `lab-${lab}.yaml`);
/** A short run ends by itself after about so long, ms. Guests take a while to boot. */
const RUN_LENGTH: Record<Lab, number> = { swarm: 45_000, kubernetes: 45_000, proxmox: 150_000 };
/** Its fault is in effect for so long, ms (`hold`). */
const HOLD_LENGTH = 6_000;

/** What is still being removed at the end of an undo (the last volume of a claim, a node's taint) may take so long. */
const SETTLE = 45_000;

const labs = ['swarm', 'kubernetes', 'proxmox'] as const;
export type Lab = (typeof labs)[number];

/** When the suite is killed: so many ms after its start, or after the fault took effect. */
export interface Moment {
  of: 'run' | 'hold';
  ms: number;
}

export function randomMoment(of: Moment['of'], random: () => number, lab: Lab = 'swarm'): Moment {
  return { of, ms: Math.round(random() * (of === 'run' ? RUN_LENGTH[lab] : HOLD_LENGTH)) };
}

export function tell({ of, ms }: Moment): string {
  return `${(ms / 1000).toFixed(1)} s into the ${of}`;
}

interface Torn {
  samples: number;
  undoSeconds: number;
}

/** A run that ended by itself before its fault was in effect, as on a computer too busy for a steady state: nothing was tried. */
class NeverHeld extends Error {}

const TRIES = 3;

/** One kill; again where its run never held a fault. Throws when something is left or lost. */
export async function torture(scenario: string, moment: Moment, project: string, lab: Lab = 'swarm'): Promise<Torn> {
  for (let more = TRIES - 1; ; more--) {
    try {
      return await kill(scenario, moment, project, lab);
    } catch (error) {
      if (!(error instanceof NeverHeld) || more === 0) throw error;
      console.log(`   ${error.message}\n   once more`);
    }
  }
}

async function kill(scenario: string, moment: Moment, project: string, lab: Lab): Promise<Torn> {
  const clusterFile = clusterFileOf(lab);
  const look = async () => ({ ...(await state(clusterFile)), ...(lab === 'proxmox' ? await onMachines() : {}) });
  const before = await look();
  const child = execa(process.execPath, [bin, 'run', scenario, '--cluster', clusterFile, '--no-allure'], {
    cwd: project,
    detached: true,
    stdin: 'ignore',
    all: true,
    reject: false,
  });
  let said = '';
  child.all.on('data', (piece) => {
    said = `${said}${piece}`.slice(-2000);
  });
  if (moment.of === 'hold') while (!holds(project) && child.exitCode === null) await sleep(50);
  const neverHeld = moment.of === 'hold' && !holds(project);
  await Promise.race([sleep(moment.ms), child]);
  const copy = path.join(project, 'samples-at-kill.bin');
  rmSync(copy, { force: true });
  const run = listRuns(runsDir(project)).at(-1);
  if (run && existsSync(run.samples)) copyFileSync(run.samples, copy);
  killTree(child.pid!);
  await child;

  const start = performance.now();
  await brownout(['undo'], project);
  const undoSeconds = (performance.now() - start) / 1000;
  assert.match(await brownout(['undo'], project), /Nothing to undo/, 'a second undo finds nothing');
  const left = await poll(
    async () => differences(before, await look()),
    (seen) => seen.length === 0,
    { timeout: SETTLE, every: 1000 },
  );
  assert.deepEqual(left, [], `left behind after ${scenario} was killed ${tell(moment)}`);

  let samples = 0;
  if (run && existsSync(copy)) {
    const atKill = readSamples(copy).streams;
    const later = readSamples(run.samples).streams;
    for (const [index, stream] of atKill.entries()) {
      samples += stream.n;
      assert.ok(
        later[index]!.n >= stream.n,
        `${stream.spec.name}: ${stream.n} samples at the kill, ${later[index]!.n} later`,
      );
    }
  }
  rmSync(runsDir(project), { recursive: true, force: true });
  if (neverHeld) throw new NeverHeld(`${path.basename(scenario)} ended before it held its fault:\n${said}`);
  return { samples, undoSeconds };
}

/** Whether the newest run of the project says that its fault is in effect. */
function holds(project: string): boolean {
  const run = listRuns(runsDir(project)).at(-1);
  return run !== undefined && existsSync(run.events) && /"phase":"hold"/.test(readFileSync(run.events, 'utf8'));
}

async function state(clusterFile: string): Promise<Snapshot> {
  const cluster = await loadCluster(clusterFile);
  const platform = await createPlatform(cluster);
  try {
    const snapshot = await platform.snapshot();
    const power = (await createPower(cluster))!;
    for (const { name } of (await platform.inspect()).nodes) snapshot[`power ${name}`] = await power.state(name);
    return snapshot;
  } finally {
    await platform.close();
  }
}

/** What the platform's own API does not tell: cables, and what faults run on nodes or put into their firewalls. */
async function onMachines(): Promise<Snapshot> {
  const { machines } = await proxmoxStatus();
  const nodes = machines.filter(({ role }) => role === 'node');
  const seen = nodes.map(async ({ name, link, power }): Promise<Snapshot> => {
    const words =
      power === 'on' ? inside(proxmoxLab, name, ['sh', '-c', 'iptables -S; ls -A /run/brownout']) : ['true'];
    const { stdout } = await execa(words[0]!, words.slice(1), { reject: false });
    return { [`cable of ${name}`]: link, [`faults on ${name}`]: stdout };
  });
  return Object.assign({}, ...(await Promise.all(seen)));
}

async function brownout(words: string[], project: string): Promise<string> {
  const { stdout } = await execa(process.execPath, [bin, ...words], { cwd: project, timeout: 300_000 });
  return stdout;
}

/** Short scenarios, one for each fault that leaves something to be undone: those for every lab, and those for this one. */
export function tortureScenarios(lab: Lab = 'swarm'): string[] {
  const folder = path.join(root, 'tests', 'data', 'torture');
  const all = ['*.yaml', `${lab}/*.yaml`].flatMap((pattern) => globSync(path.join(folder, pattern)).sort());
  return lab === 'proxmox' ? all.filter((scenario) => fits(scenario, lab)) : all;
}

/** Says why, of one that does not. */
function fits(scenario: string, lab: Lab): boolean {
  const words = [bin, 'check', scenario, '--cluster', clusterFileOf(lab)];
  const { exitCode, stdout, stderr } = execaSync(process.execPath, words, { reject: false });
  if (exitCode === 0) return true;
  // Of a file that is wrong in itself it says so otherwise.
  const why = /'[\w-]+' on .*/.exec(`${stdout}${stderr}`)?.[0];
  assert.ok(why, `${stdout}\n${stderr}`);
  console.log(`${path.basename(scenario)} does not apply: ${why}`);
  return false;
}

async function tortureLab(lab: Lab, runs: number, seed: number): Promise<void> {
  const random = seeded(seed);
  const project = mkdtempSync(path.join(os.tmpdir(), 'torture-'));
  const scenarios = tortureScenarios(lab);
  let failed = 0;
  for (let count = 0; count < runs; count += 1) {
    const scenario = scenarios[count % scenarios.length]!;
    const moment = randomMoment(Math.floor(count / scenarios.length) % 2 === 0 ? 'hold' : 'run', random, lab);
    const what = `${count + 1}  ${path.basename(scenario)} killed ${tell(moment)}`;
    try {
      const { samples, undoSeconds } = await torture(scenario, moment, project, lab);
      console.log(`${what}: ${samples} samples kept, undone in ${undoSeconds.toFixed(1)} s, nothing left`);
    } catch (error) {
      failed += 1;
      console.log(`${what}: FAILED: ${error instanceof Error ? error.message : error}`);
    }
  }
  rmSync(project, { recursive: true, force: true });
  console.log(`${runs - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string' },
      seed: { type: 'string', default: '1' },
      lab: { type: 'string', default: 'swarm' },
      only: { type: 'string' },
    },
  });
  const seed = Number(values.seed);
  if (values.lab === 'files') {
    const only = values.only === undefined ? undefined : Number(values.only);
    const { faults } = await tortureFiles({ runs: Number(values.runs ?? 1000), seed, only }, console.log);
    process.exitCode = faults.length === 0 ? 0 : 1;
  } else {
    const lab = labs.find((name) => name === values.lab);
    if (!lab) throw new Error(`--lab ${values.lab}: expected files, ${labs.join(', ')}`);
    await tortureLab(lab, Number(values.runs ?? 50), seed);
  }
}
