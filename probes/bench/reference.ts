/**
 * The reference client, `reference.ts URL new|reused`: Node's own HTTP client at the prober's rate. It keeps a schedule as the
 * prober does, reads the answers, and neither judges nor records anything. Its CPU time tells how fast this machine is now.
 */
import { Agent, get } from 'node:http';
import { Priority } from '../prober/priority.ts';
import { RATE } from './cost.ts';

const [url, connections] = process.argv.slice(2);
const agent = new Agent({ keepAlive: connections === 'reused' });
const begin = performance.now();
let sent = 0;

function sendDue(): void {
  for (; begin + (sent * 1000) / RATE <= performance.now(); sent++) {
    get(url!, { agent }, (response) => response.resume()).on('error', () => {});
  }
  setTimeout(sendDue, Math.max(1, Math.ceil(begin + (sent * 1000) / RATE - performance.now())));
}

// As the prober does: a process that is kept waiting sends many requests at once, which is cheaper.
const priority = Priority.raise();
process.on('exit', () => priority.lower());
process.on('disconnect', () => process.exit());
sendDue();
