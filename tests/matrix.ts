/**
 * `npm run matrix [-- swarm kubernetes proxmox]`: every scenario of Apache and the file server on these labs, one lab after the other, each brought up
 * where it is down and then taken down again; about 40 minutes each, twice that on Proxmox. Prints the counts per verdict. Exit code: the worst of
 * `brownout run`.
 */
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { execaSync } from 'execa';
import { clusterOf, type LabName, labs, scenariosOn } from './matrix-scenarios.ts';

/** As `brownout run --json` has it. */
interface Outcome {
  scenario: string;
  kind: 'judged' | 'skipped' | 'refused';
  verdict?: string;
  gate?: string;
  notUndone?: string[];
}

const root = path.dirname(import.meta.dirname);

/** With one manager of a Swarm its node cannot be cut off or killed, though the one instance may be there. */
const optionsOf: Record<LabName, string[]> = { swarm: ['--managers', '3'], kubernetes: [], proxmox: [] };

function brownout(...words: string[]): { exitCode: number; stdout: string } {
  const { exitCode = 1, stdout = '' } = execaSync(process.execPath, [path.join(root, 'cli/main.ts'), ...words], {
    cwd: root,
    stdin: 'ignore',
    stderr: 'inherit',
    reject: false,
  });
  return { exitCode, stdout };
}

const asked = process.argv.slice(2);
const unknown = asked.filter((word) => !labs.some((lab) => lab === word));
if (unknown.length > 0) {
  console.error(`There is no lab ${unknown.join(', ')}: say some of ${labs.join(', ')}, or none for all.`);
  process.exit(3);
}

// A run that is interrupted heals and cleans up; its lab is then taken down, and no other is begun.
let interrupted = false;
process.on('SIGINT', () => {
  interrupted = true;
});

let worst = 0;
for (const lab of labs.filter((one) => asked.length === 0 || asked.includes(one))) {
  await setImmediate();
  if (!interrupted) worst = Math.max(worst, measure(lab));
}
process.exitCode = worst;

function measure(lab: LabName): number {
  const wasDown = JSON.parse(brownout('lab', 'status', lab, '--json').stdout).state === 'down';
  const up = brownout('lab', 'up', lab, ...optionsOf[lab]).exitCode;
  if (up !== 0) return up;
  try {
    const { stdout, exitCode } = brownout('run', ...scenariosOn(lab), '--cluster', clusterOf(lab), '--json');
    // Nothing is printed where no run could begin; why stands in the errors.
    if (stdout !== '') tell(lab, JSON.parse(stdout).outcomes);
    return exitCode;
  } finally {
    if (wasDown) brownout('lab', 'down', lab);
  }
}

function tell(lab: LabName, outcomes: Outcome[]): void {
  const results = outcomes.map(({ scenario, kind, verdict, gate, notUndone = [] }) => {
    const isAsWanted = gate === verdict;
    const judged = `${verdict}${isAsWanted ? '' : ` (${gate} for the gate)`}${notUndone.length > 0 ? ', not all undone' : ''}`;
    return { scenario, result: kind === 'judged' ? judged : kind };
  });
  console.log(`\n${lab}`);
  for (const { scenario, result } of results) console.log(`  ${result.padEnd(24)} ${scenario}`);
  for (const [result, all] of Map.groupBy(results, (one) => one.result)) {
    console.log(`${String(all.length).padStart(4)} ${result}`);
  }
}
