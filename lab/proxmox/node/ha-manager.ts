/** `ha-manager` of a node of the lab: what of Proxmox VE's command can be done in no other way. */
import { formatCommand } from '../config/commands.ts';
import { askAdmin } from './admin.ts';
import { AGENT_SOCKET } from './settings.ts';

const USAGE = 'usage: ha-manager crm-command node-maintenance enable|disable NODE';

const [group, what, change, node, ...more] = process.argv.slice(2);
const isKnown = group === 'crm-command' && what === 'node-maintenance' && (change === 'enable' || change === 'disable');
if (!isKnown || node === undefined || more.length > 0) {
  console.error(USAGE);
  process.exit(255);
}
try {
  await askAdmin(AGENT_SOCKET, 'POST /crm-command', formatCommand({ verb: `${change}-node-maintenance`, node }));
} catch (error) {
  console.error((error as Error).message);
  process.exit(255);
}
