/**
 * `npm run demo`: the main use case from start to end on a fresh machine: a Swarm lab, the voting app, a killed node, a report.
 * If the lab was not up before, it is taken down again.
 */
import path from 'node:path';
import { execa } from 'execa';
import { suiteRoot } from '../run/suite.ts';

const root = suiteRoot();
process.chdir(root);
// The commands below handle Ctrl-C themselves; this process only waits for them, and then takes the lab down.
process.on('SIGINT', () => undefined);

async function brownout(words: string[], stdio: 'inherit' | 'ignore' = 'inherit'): Promise<number> {
  const command = [path.join(root, 'bin', 'brownout.js'), ...words];
  const { exitCode } = await execa(process.execPath, command, { stdio, reject: false });
  return exitCode ?? 1;
}

const wasUp = (await brownout(['lab', 'status', 'swarm'], 'ignore')) === 0;
let code = await brownout(['lab', 'up', 'swarm']);
if (code === 0)
  code = await brownout(['run', 'scenarios/voting/node-kill.yaml', '--cluster', 'clusters/lab-swarm.yaml']);
if (!wasUp) await brownout(['lab', 'down', 'swarm']);
process.exitCode = code;
