/**
 * The program whose child process 1 is, in a machine that can reset itself: it starts process 1 again when the machine did so, and ends with
 * the machine otherwise. It is in the machine's control group: a machine that loses its power takes it along.
 *
 * Arguments: the lab's name, its network's prefix, the machine's name. Its output is the machine's boot log.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { sleep } from '../units/sleep.ts';
import { RESET_STATUS } from './boot.ts';
import { bootAgain, initOf, processOne, stepAside } from './host.ts';
import { labOf } from './lab.ts';

const [labName, prefix, machine] = process.argv.slice(2) as [string, string, string];
const lab = labOf(labName, prefix);

let child: ChildProcess;
const ended = () => new Promise<number | null>((resolve) => child.once('exit', resolve));

function boot(): void {
  const [program, ...args] = processOne(lab, machine);
  child = spawn(program!, args, { stdio: ['ignore', 'inherit', 'inherit'] });
}

async function aside(): Promise<void> {
  while (initOf(lab, machine) === undefined && child.exitCode === null && child.signalCode === null) await sleep(10);
  for (const pid of [process.pid, child.pid!]) await stepAside(lab, machine, pid);
}

boot();
let end = ended();
await aside();
while ((await end) === RESET_STATUS) {
  await bootAgain(lab, machine, () => {
    boot();
    end = ended();
  });
  await aside();
}
