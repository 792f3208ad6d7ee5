/**
 * `npm run measure:partitions [-- --times 10] [--json] [--keep DIR]`: a node of the lab's Proxmox, which must be up, loses its cable, ten times. Its guests
 * must never run twice. Each is a run of the real command, whose power agent pulls the cable instead of the cord: the node lives on alone until its
 * watchdog resets it, as nobody can reach it; cut off, it boots again; elsewhere HA starts its guests. From outside all machines it is watched which QEMU
 * processes hold which disk. Exit code 0: none ever two, and every acknowledged vote is in the database once; 1: not so; 2: not all is known.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { all, basics, type Held, LAB_CLUSTER, Project, type Ran, table, timeScale, votesOf } from './run.ts';
import { type Double, GuestWatch, type Seen } from './watch.ts';

interface Row {
  run: string;
  node: string;
  /** The node's last QEMU ended so long after the cut, ms: its watchdog fired. */
  fenced: number | undefined;
  /** For each guest that HA started elsewhere: from its old QEMU's end to its new one's start, ms. Never below zero. */
  pauses: Record<number, number>;
  doubles: Double[];
  looks: number;
  longestGap: number;
  acknowledged: number;
  lost: number;
  duplicated: number;
  held: Held;
  why: string[];
}

/** The lab's cluster file, with a power agent that pulls the cable. */
function cableCluster(folder: string): string {
  const text = readFileSync(LAB_CLUSTER, 'utf8').replace(/^power:\n(?: .*\n)+/m, () =>
    [
      'power:',
      '  command:',
      '    off: brownout lab link proxmox {node} cut',
      '    on: brownout lab link proxmox {node} restore',
      "    state: brownout lab link proxmox {node} state | sed 's/^cut$/off/; s/^connected$/on/'",
      '',
    ].join('\n'),
  );
  const file = join(folder, 'lab-proxmox-cable.yaml');
  writeFileSync(file, text);
  return file;
}

async function partition(project: Project, cluster: string, seed: number): Promise<Row> {
  const watch = new GuestWatch();
  try {
    return rowOf(await project.run('cable.yaml', cluster, seed), watch);
  } finally {
    watch.close();
  }
}

function rowOf(ran: Ran, { seen, doubles, looks, longestGap }: GuestWatch): Row {
  const { began, findings } = ran;
  const node = findings.configuration.find(({ group }) => group === 'target')?.value ?? '';
  const healing = ran.findings.phases.find(({ phase }) => phase === 'heal');
  const healed = began - findings.t0!.from + (healing?.from ?? Number.POSITIVE_INFINITY);
  const runs = ({ from, to }: Seen) => from < began && (to === undefined || to > began);
  const cut = seen.filter((one) => runs(one) && new RegExp(`\\b${one.machine}\\b`).test(node));
  const ended = cut.filter(({ to }) => to !== undefined && to < healed);
  const pauses: Record<number, number> = {};
  for (const old of ended) {
    const next = seen.find(({ vmid, machine, from }) => vmid === old.vmid && machine !== old.machine && from > began);
    if (next) pauses[old.vmid] = next.from - old.to!;
  }
  const { held, why } = basics(ran);
  const { acknowledged, lost, duplicated } = votesOf(findings);
  const isFenced = cut.length > 0 && ended.length === cut.length;
  const reasons = [
    ...why,
    ...doubles.map(
      ({ disk, holders }) =>
        `disk ${disk} held by ${holders.map(({ pid, machine }) => `${pid} on ${machine}`).join(' and ')}`,
    ),
    ...(isFenced ? [] : ['the node that was cut off did not end its guests before it was connected again']),
    ...(Object.keys(pauses).length > 0 ? [] : ['HA started no guest elsewhere: nothing was put to the test']),
  ];
  return {
    run: ran.run,
    node: cut[0]?.machine ?? node,
    fenced: isFenced ? Math.max(...ended.map(({ to }) => to! - began)) : undefined,
    pauses,
    doubles,
    looks,
    longestGap,
    acknowledged,
    lost,
    duplicated,
    held: doubles.length > 0 ? 'no' : all([held, reasons.length > 0 ? 'unknown' : 'yes']),
    why: reasons,
  };
}

const toSeconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

function toCells(row: Row, n: string): string[] {
  const { node, fenced, pauses, doubles, longestGap, acknowledged, lost, duplicated, held } = row;
  const shortest = Math.min(...Object.values(pauses));
  return [
    n,
    node,
    fenced === undefined ? 'not seen' : toSeconds(fenced),
    String(Object.keys(pauses).length),
    Number.isFinite(shortest) ? toSeconds(shortest) : '-',
    String(doubles.length),
    `${Math.round(longestGap)} ms`,
    `${acknowledged} / ${lost} / ${duplicated}`,
    held,
  ];
}

const HEAD = [
  'partition',
  'node',
  'fenced itself after',
  'guests started elsewhere',
  'shortest pause between two QEMUs of one guest',
  'looks that saw a disk held twice',
  'longest between two looks',
  'votes acknowledged / lost / twice',
  'holds',
];

const { values } = parseArgs({
  options: { times: { type: 'string', default: '10' }, json: { type: 'boolean' }, keep: { type: 'string' } },
});
const times = Number(values.times);
const scale = await timeScale();
const project = new Project(scale, values.keep);
const rows: Row[] = [];
const cells = [HEAD];
let failed = 0;
try {
  const cluster = cableCluster(project.folder);
  for (let count = 1; count <= times; count += 1) {
    try {
      const row = await partition(project, cluster, count);
      rows.push(row);
      cells.push(toCells(row, `${count} of ${times}`));
      console.error(`${cells.at(-1)!.join(' | ')}${row.why.map((why) => `\n  ${why}`).join('')}`);
    } catch (error) {
      failed += 1;
      console.error(`${count} of ${times}: FAILED: ${error instanceof Error ? error.message : error}`);
    }
  }
} finally {
  project.remove();
}
const held = all([...rows.map((row) => row.held), ...(failed > 0 ? (['unknown'] as const) : [])]);
if (values.json) console.log(JSON.stringify({ timeScale: scale, held, failed, rows }, null, 2));
else {
  console.log(table(cells));
  for (const { run, why } of rows) if (why.length > 0) console.log(`${run}: ${why.join('; ')}`);
  const looks = rows.reduce((sum, row) => sum + row.looks, 0);
  const gap = Math.max(0, ...rows.map(({ longestGap }) => longestGap));
  console.log(`${looks} looks, at most ${Math.round(gap)} ms apart: less than that would not have been seen.`);
  if (scale !== 1)
    console.log(`HA timers ${scale} times as fast: that nothing ran twice is so; no time means anything.`);
  console.log(
    { yes: 'all hold', no: 'not all hold', unknown: `not all is known${failed ? `, ${failed} runs failed` : ''}` }[
      held
    ],
  );
}
process.exitCode = { yes: 0, no: 1, unknown: 2 }[held];
