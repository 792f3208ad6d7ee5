import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { execa } from 'execa';
import { KEEPS_NOTE, powerCutOf } from '../lab/disk.ts';
import {
  cutLink,
  inside,
  linkState,
  type Machine,
  machineNamed,
  powerOff,
  powerOn,
  powerState,
  restoreLink,
} from '../lab/host.ts';
import { type Lab, requireRoot } from '../lab/lab.ts';
import { type LabKind, type LabSettings, type LabStatus, labs } from '../lab/labs.ts';
import { asJson, joined, type Styled, stderr, stdout } from '../output/terminal.ts';
import { OperatorError } from '../units/operator-error.ts';
import { parseDuration } from '../units/units.ts';

/** `brownout lab`: a real cluster on this computer. */
export function labCommand(): Command {
  const lab = new Command('lab')
    .description('a real cluster in a box on this computer, for trying and testing')
    // For `shell`, options after the machine belong to the command that is run there.
    .enablePositionalOptions();
  for (const add of [addUp, addDown, addStatus, addPower, addLink, addShell, addSetup]) add(lab);
  return lab;
}

function addUp(lab: Command): void {
  lab
    .command('up')
    .description('bring the lab up, or heal what is there; installs what it needs from Debian')
    .addArgument(labArgument())
    .option('--managers <number>', 'swarm: managers among the three nodes, 1 or 3', oneOrThree)
    .option('--heartbeat <duration>', "swarm: how often nodes report to the managers (Swarm's own: 5s)", heartbeat)
    .option('--control-planes <number>', 'kubernetes: machines that run etcd and the API server, 1 or 3', oneOrThree)
    .addOption(
      new Option('--timers <kind>', 'kubernetes: its own timers, or ones that notice a dead node in seconds').choices([
        'default',
        'tuned',
      ]),
    )
    .option('--nodes <number>', 'proxmox: nodes of the cluster, 3 to 5', threeToFive)
    .option('--time-scale <factor>', "proxmox: HA timers so many times faster than Proxmox VE's, 1 to 20", timeScale)
    .option('--json', 'print the status as JSON')
    .action(async (name: string, { json, ...settings }: LabSettings & { json?: boolean }) => {
      const kind = kindNamed(name);
      refuseForeign(name, kind, settings);
      const started = performance.now();
      await kind.up(settings, say);
      say(`up after ${((performance.now() - started) / 1000).toFixed(1)} s`);
      await printStatus(kind, json);
    });
}

function addDown(lab: Command): void {
  lab
    .command('down')
    .description('take the lab away; what was built stays in the cache')
    .addArgument(labArgument())
    .action((name: string) => kindNamed(name).down(say));
}

function addStatus(lab: Command): void {
  lab
    .command('status')
    .description('show machines, links and entries; status 1 unless all of it is up')
    .addArgument(labArgument())
    .option('--json', 'print it as JSON')
    .action(async (name: string, options: { json?: boolean }) => {
      requireRoot();
      const { state } = await printStatus(kindNamed(name), options.json);
      if (state !== 'up') process.exitCode = 1;
    });
}

function addPower(lab: Command): void {
  lab
    .command('power')
    .description('switch a machine on, off at once as if its power cord was pulled, or show whether it is on')
    .addArgument(labArgument())
    .argument('<machine>')
    .addArgument(new Argument('<verb>').choices(['on', 'off', 'state']))
    .action(async (name: string, machineName: string, verb: 'on' | 'off' | 'state') => {
      const [of, machine] = await machineOf(name, machineName);
      if (verb === 'on') await powerOn(of, machine);
      else if (verb === 'off') {
        await powerOff(of, machine.name);
        // A run takes it from here into its report.
        if (powerCutOf(of) !== 'forgets') stdout.print(`note: ${KEEPS_NOTE}`);
      } else stdout.print(powerState(of, machine.name));
    });
}

function addLink(lab: Command): void {
  lab
    .command('link')
    .description("cut or restore a machine's link, or show whether it is cut")
    .addArgument(labArgument())
    .argument('<machine>')
    .addArgument(new Argument('<verb>').choices(['cut', 'restore', 'state']))
    .action(async (name: string, machineName: string, verb: 'cut' | 'restore' | 'state') => {
      const [of, machine] = await machineOf(name, machineName);
      if (verb === 'cut') await cutLink(of, machine.name);
      else if (verb === 'restore') await restoreLink(of, machine.name);
      else stdout.print(linkState(of, machine.name));
    });
}

function addShell(lab: Command): void {
  lab
    .command('shell')
    .description('open a shell on a machine, or run a command there')
    .addArgument(labArgument())
    .argument('<machine>')
    .argument('[command...]')
    .passThroughOptions()
    .action(async (name: string, machineName: string, words: string[]) => {
      const [of, machine] = await machineOf(name, machineName);
      const command = words[0] === '--' ? words.slice(1) : words;
      const argv = command.length > 0 ? command : ['bash', '--login'];
      process.exitCode = await attach(inside(of, machine.name, argv), { PS1: `${machine.name}# ` });
    });
}

function addSetup(lab: Command): void {
  lab
    .command('setup')
    .alias('build')
    .description('install what a lab needs from Debian and build what it runs, without starting it')
    .addArgument(labArgument().default('swarm').argOptional())
    .action(async (name: string) => {
      requireRoot();
      await kindNamed(name).build(say);
    });
}

function labArgument(): Argument {
  return new Argument('<lab>', 'which cluster').choices(Object.keys(labs));
}

function oneOrThree(text: string): 1 | 3 {
  if (text === '1' || text === '3') return Number(text) as 1 | 3;
  throw new InvalidArgumentError('expected 1 or 3');
}

function threeToFive(text: string): number {
  if (/^[3-5]$/.test(text)) return Number(text);
  throw new InvalidArgumentError('expected 3, 4 or 5');
}

/** Beyond it, timers would be shorter than a busy computer takes for a round. */
function timeScale(text: string): number {
  const factor = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (factor >= 1 && factor <= 20) return factor;
  throw new InvalidArgumentError('expected a number of 1 to 20');
}

/** Swarm needs at least one second: the heartbeat is also the unit of its grace period. */
function heartbeat(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined && ms >= 1000 && ms <= 60_000) return ms;
  throw new InvalidArgumentError('expected a duration of 1s to 60s');
}

function kindNamed(name: string): LabKind {
  return labs[name]!;
}

/** Otherwise a setting that the lab does not have would be ignored silently. */
function refuseForeign(name: string, kind: LabKind, settings: LabSettings): void {
  for (const key of Object.keys(settings) as (keyof LabSettings)[]) {
    if (kind.settings.includes(key)) continue;
    const option = `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    throw new OperatorError(`the lab '${name}' has no option ${option}`, { hint: 'brownout lab up --help' });
  }
}

async function machineOf(labName: string, machine: string): Promise<[Lab, Machine]> {
  requireRoot();
  const { lab } = kindNamed(labName);
  return [lab, await machineNamed(lab, machine)];
}

/** Progress goes to standard error: standard output is for results. */
function say(line: string): void {
  stderr.print(line);
}

async function printStatus(kind: LabKind, json: boolean | undefined): Promise<LabStatus> {
  const status = await kind.status();
  stdout.print(json ? asJson(status) : describe(status));
  return status;
}

function describe({ lab, state, machines, entry, powerCut }: LabStatus): Styled {
  const rows = machines.map(({ name, address, role, power, link, ready, docker, master }) => {
    const node = role === 'edge' ? '' : ready === undefined ? 'unknown' : ready ? 'ready' : 'not ready';
    return [name, role, address, power, link, node, docker ?? (master ? 'master' : '')];
  });
  const widths = [0, 1, 2, 3, 4, 5].map((column) => Math.max(0, ...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const entries = Object.entries(entry).map(([name, url]) => `${name}: ${url}`);
  const notes = powerCut === 'keeps the page cache' ? [`note: ${KEEPS_NOTE}`] : [];
  return joined(
    [`the lab '${lab}' is ${state === 'partly' ? 'partly up' : state}`, ...lines, ...entries, ...notes],
    '\n',
  );
}

/** Runs a command on this terminal and resolves to its exit status. */
async function attach([program, ...args]: string[], env: Record<string, string>): Promise<number> {
  const { exitCode, signal, cause } = await execa(program!, args, { stdio: 'inherit', env, reject: false });
  if (exitCode === undefined && signal === undefined) throw cause;
  return exitCode ?? (signal === 'SIGINT' ? 130 : 1);
}
