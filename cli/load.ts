import { existsSync } from 'node:fs';
import { Command, Option } from 'commander';
import { kneeOf } from '../analysis/load/knee.ts';
import { loadCluster } from '../clusters/load.ts';
import { Source } from '../files/source.ts';
import { parseYaml, type YamlFile } from '../files/yaml.ts';
import { type LoadReport, type LoadSecond, mayRise } from '../load/load.ts';
import { type RunningLoad, startLoad } from '../load/start.ts';
import { judgeLoad, type LoadCheck } from '../load/thresholds.ts';
import { asJson, stderr, stdout } from '../output/terminal.ts';
import { renderLoad, secondLine } from '../reports/load.ts';
import { loadOn } from '../run/load/load.ts';
import { loadProject } from '../run/parts.ts';
import { type ReadLoad, readLoad, toLoad } from '../scenarios/load-file.ts';
import { OperatorError } from '../units/operator-error.ts';
import { endedEarlyIs } from './ending.ts';
import { exit } from './exit.ts';
import { Interrupts } from './interrupts.ts';

/** A script that says nothing itself may last a day, ms. */
const LONGEST = 86_400_000;
/** A load that asked until its time was over has ended so much earlier at most, ms. */
const MARGIN = 1000;
/** How often a load is told of where nobody looks at a terminal: every so many seconds. */
const SELDOM = 10;

interface LoadFlags {
  cluster: string;
  rate?: string;
  for?: string;
  connections?: string;
  amount?: string;
  connection?: string;
  json?: boolean;
}

/** The flags that say how much. A load file says so itself. */
const AMOUNTS = ['rate', 'for', 'connections', 'amount', 'connection'] as const;

export function loadCommand(): Command {
  return new Command('load')
    .description("sends a load to a cluster's entries, without a fault; changes nothing, but what it writes is written")
    .argument(
      '<load>',
      'a load file (YAML), a probe of a workload (voting:page), or a script of k6 (voting:k6/voting.ts)',
    )
    .requiredOption('-c, --cluster <file>', 'cluster file: its entries are asked, and nothing else')
    .addOption(new Option('--rate <rate>', 'requests a second, by the clock: 500/s'))
    .addOption(new Option('--for <duration>', 'how long: 60s'))
    .addOption(
      new Option(
        '--connections <number>',
        'instead of a rate: so many ask at the same time, each once it was answered',
      ),
    )
    .addOption(new Option('--amount <number>', 'with --connections: how many requests in all'))
    .addOption(new Option('--connection <kind>', 'reused or new').choices(['reused', 'new']))
    .option('--json', 'one JSON object on standard output')
    .action(async (what: string, flags: LoadFlags) => {
      process.exitCode = await sendLoad(what, flags);
    });
}

/** Returns the exit code. */
async function sendLoad(given: string, flags: LoadFlags): Promise<number> {
  await loadProject(process.cwd());
  const read = await readWhat(given, flags);
  const cluster = await loadCluster(flags.cluster);
  const idPrefix = `load-${Date.now().toString(36)}-`;
  const load = loadOn(read.load, read.workload, cluster, { kinds: read.kinds, idPrefix, longest: LONGEST });
  const seconds: LoadSecond[] = [];
  const live = new LiveSeconds(flags.json ?? false);
  const running = await startLoad(load, {
    origin: String(process.hrtime.bigint()),
    onSecond: (second) => {
      seconds.push(second);
      live.show(second);
    },
  });
  const interrupted = stopOnSignals(running);
  const report = await running.report;
  live.end();
  // It was sent: whatever is wrong from here on is no refusal.
  endedEarlyIs(exit.unknown);
  const told = {
    load,
    cluster: cluster.name,
    report,
    knee: mayRise(read.load) ? kneeOf(seconds) : undefined,
    checks: judgeLoad(report, load.thresholds),
  };
  if (flags.json) stdout.print(asJson({ ...told, seconds }));
  else stdout.print(renderLoad(told, stdout.color));
  const stopped = whoStopped(report, load.limit, interrupted());
  if (stopped !== undefined) stderr.print(`Stopped by ${stopped}: what it says is of a part of the load.`);
  return stopped === undefined ? exitOf(told.checks) : exit.unknown;
}

async function readWhat(given: string, flags: LoadFlags): Promise<ReadLoad> {
  if (/\.ya?ml$/.test(given)) {
    const beside = AMOUNTS.find((flag) => flags[flag] !== undefined);
    if (beside !== undefined)
      throw new OperatorError(`--${beside} is not for load files: ${given} says how much itself.`);
    return readLoad(given);
  }
  return toLoad(asFile(given, flags));
}

/** What the command line says, as the load file that it stands for: so both are checked, and told of, in the same way. */
function asFile(given: string, flags: LoadFlags): YamlFile {
  const [, workload, named] = /^(?:([a-z][a-z0-9-]*):)?(.+)$/s.exec(given) ?? [];
  const isScript = /\.[cm]?[jt]s$/.test(named ?? '');
  if (named === undefined || (workload === undefined && !isScript)) {
    const hint = existsSync(given) ? 'A load file ends in .yaml.' : 'Say a load file, or a probe such as voting:page.';
    throw new OperatorError(`'${given}' is no load.`, { hint });
  }
  const engine = isScript
    ? 'k6'
    : flags.connections === undefined && flags.amount === undefined
      ? 'open'
      : 'autocannon';
  const pairs = [
    ['engine', engine],
    [isScript ? 'script' : 'probe', named],
    ...AMOUNTS.map((flag) => [flag, flags[flag]]),
  ].filter((pair): pair is [string, string] => pair[1] !== undefined);
  const lines = [
    ...(workload === undefined ? [] : [`workload: ${workload}`]),
    'load:',
    // Numbers stay numbers; whatever else there is, is text.
    ...pairs.map(([key, value]) => `  ${key}: ${/^[\w./-]+$/.test(value) ? value : JSON.stringify(value)}`),
  ];
  return parseYaml(new Source('the command line, as a load file', `${lines.join('\n')}\n`));
}

/** The first signal stops the load; what was measured is told. The second one waits for nothing. */
function stopOnSignals(running: RunningLoad): () => boolean {
  const interrupts = new Interrupts();
  const stop = () => {
    if (!interrupts.add(performance.now())) return;
    if (interrupts.count === 1) void running.stop();
    else running.kill();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  return () => interrupts.count > 0;
}

/** Of a load that ended before its time; one that asked as long as it may has done what was wanted. `limit`: ms. */
function whoStopped({ outcome, began, ended }: LoadReport, limit: number, interrupted: boolean): string | undefined {
  if (interrupted) return 'whoever started it';
  return outcome === 'stopped' && ended - began < limit - MARGIN ? 'something else than this command' : undefined;
}

function exitOf(checks: readonly LoadCheck[]): number {
  if (checks.some(({ result }) => result === 'fail')) return exit.fail;
  return checks.some(({ result }) => result === 'unknown') ? exit.unknown : exit.pass;
}

/** The second that was told last, in its place on a terminal; elsewhere a line now and then. */
class LiveSeconds {
  readonly #isQuiet: boolean;
  #count = 0;
  #isShown = false;

  constructor(isQuiet: boolean) {
    this.#isQuiet = isQuiet;
  }

  show(second: LoadSecond): void {
    this.#count++;
    if (this.#isQuiet || (!stderr.isTerminal && this.#count % SELDOM !== 0)) return;
    this.end();
    stderr.print(secondLine(second, this.#count));
    this.#isShown = true;
  }

  end(): void {
    if (this.#isShown && stderr.isTerminal) stderr.erase(1);
    this.#isShown = false;
  }
}
