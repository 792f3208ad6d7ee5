/**
 * `npm run torture -- --lab files [--runs 1000] [--seed 1] [--only 17]`: kills, signals, failed writes, full disks and lying answers, on
 * clusters made of files, several at a time. After each, `brownout undo` must leave nothing, exit codes must be as documented, no process
 * and no temporary file may be left, and a recording that is not whole must not pass. `--only` is one group of tries again.
 */
import { seeded } from '../../units/random.ts';
import { createBed, type Project } from './bed.ts';
import { type Random, shuffled } from './chance.ts';
import { struckCommand } from './command.ts';
import type { FailingCall } from './failing-writes.ts';
import { lies } from './lying.ts';
import type { Outcome } from './outcome.ts';
import { contention, failingWrites, fullDisk, killedLives } from './runs.ts';

interface Group {
  kind: string;
  clusters: number;
  run(project: Project, random: Random): Promise<Outcome>;
}

/** Calls of an undisturbed run on its files, and how many of each. */
const CALLS: Record<string, number> = {
  '. folder': 1,
  '. open': 1,
  '. sync': 1,
  'run.json.new write': 1,
  'run.json.new rename': 1,
  'before.json.new write': 1,
  'before.json.new rename': 1,
  'journal.jsonl open': 1,
  'journal.jsonl size': 11,
  'journal.jsonl write': 11,
  'journal.jsonl sync': 11,
  'events.jsonl open': 1,
  'events.jsonl size': 48,
  'events.jsonl write': 48,
};

/** Every call of journal and recording: first each in one of the ways in which it can fail, then in the others. */
function failingCalls(random: Random): FailingCall[] {
  const ways = Object.entries(CALLS).flatMap(([call, count]) =>
    Array.from({ length: count }, (_, index) => shuffled(waysToFail(call, index + 1), random)),
  );
  return [
    ...shuffled(
      ways.map(([first]) => first!),
      random,
    ),
    ...shuffled(
      ways.flatMap(([, ...others]) => others),
      random,
    ),
  ];
}

function waysToFail(call: string, nth: number): FailingCall[] {
  const manners = call.endsWith('write') ? (['ENOSPC', 'EIO', 'short'] as const) : (['ENOSPC', 'EIO'] as const);
  return manners.flatMap((how) => [false, true].map((lasting): FailingCall => ({ call, nth, how, lasting })));
}

/** Shares of all tries; failing writes are the rest. What costs more is tried less often. */
const PLAN: { kind: string; share: number; clusters: number; tries: number; run: Group['run'] }[] = [
  // Each group of killed runs is followed by two undos that are struck, too.
  { kind: 'killed runs and undos', share: 0.56, clusters: 6, tries: 8, run: killedLives },
  { kind: 'lying clusters', share: 0.05, clusters: 8, tries: 8, run: lies },
  { kind: 'two on one cluster', share: 0.025, clusters: 4, tries: 8, run: contention },
  { kind: 'full disks', share: process.getuid?.() === 0 ? 0.03 : 0, clusters: 5, tries: 5, run: fullDisk },
  { kind: 'the command struck', share: 0.08, clusters: 2, tries: 2, run: struckCommand },
];
const FAILING = 8;

function plan(tries: number, random: Random): Group[] {
  const groups: Group[] = [];
  let others = 0;
  for (const { kind, share, clusters, tries: each, run } of PLAN) {
    const count = Math.round((tries * share) / each);
    for (let planned = 0; planned < count; planned += 1) groups.push({ kind, clusters, run });
    others += count * each;
  }
  const calls = failingCalls(random).slice(0, Math.max(0, tries - others));
  for (let from = 0; from < calls.length; from += FAILING) {
    const some = calls.slice(from, from + FAILING);
    groups.push({
      kind: 'failing writes',
      clusters: some.length,
      run: (project, own) => failingWrites(project, some, own),
    });
  }
  return shuffled(groups, random);
}

export interface Tortured {
  tries: number;
  met: number;
  faults: string[];
}

/** @param atOnce groups at a time: most of a run is waiting */
export async function tortureFiles(
  { runs, seed, only, atOnce = 7 }: { runs: number; seed: number; only?: number | undefined; atOnce?: number },
  say: (text: string) => void,
): Promise<Tortured> {
  const began = performance.now();
  const groups = plan(runs, seeded(seed));
  const bed = await createBed();
  const byKind = new Map<string, number>();
  const faults: string[] = [];
  let tries = 0;
  let met = 0;
  const queue = [...groups.entries()].filter(([index]) => only === undefined || index === only);
  const work = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [index, group] = next;
      const project = bed.project(group.clusters);
      const outcome = await group
        .run(project, seeded(seed * 10_000 + index))
        .catch((error: Error): Outcome => ({ faults: [`the try itself failed: ${error.stack}`], tries: 0, met: 0 }));
      tries += outcome.tries;
      met += outcome.met;
      byKind.set(group.kind, (byKind.get(group.kind) ?? 0) + outcome.tries);
      faults.push(...outcome.faults.map((fault) => `${group.kind}, group ${index}: ${fault}`));
      const seconds = ((performance.now() - began) / 1000).toFixed(0);
      const how = outcome.faults.length === 0 ? 'nothing left' : `FAILED\n  ${outcome.faults.join('\n  ')}`;
      say(`${seconds.padStart(4)} s  ${tries} tries  ${group.kind} (group ${index}): ${how}`);
      if (outcome.faults.length === 0) project.remove();
      else
        say(
          `  Kept: ${project.folder}. Again: npm run torture -- --lab files --runs ${runs} --seed ${seed} --only ${index}`,
        );
    }
  };
  try {
    await Promise.all(Array.from({ length: atOnce }, work));
  } finally {
    bed.close(faults.length > 0);
  }
  const kinds = [...byKind].map(([kind, count]) => `${count} ${kind}`).join(', ');
  say(
    `${tries} tries, of which ${met} met a run (${kinds}), in ${((performance.now() - began) / 1000).toFixed(0)} s: ${faults.length} faults`,
  );
  return { tries, met, faults };
}
