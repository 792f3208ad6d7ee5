/** The agent of a node: its part of the cluster's files, its membership, CRM and LRM, its guests and its API. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { poll } from '../../../units/until.ts';
import { addToken, setPassword } from '../api/access-files.ts';
import { isFresh } from '../api/calls/ha-status.ts';
import { serve } from '../api/server.ts';
import { ETCD_PORT } from '../cluster/etcd.ts';
import { Partitions } from '../cluster/membership.ts';
import { QemuHypervisor } from '../guests/hypervisor.ts';
import { acceleratorOf, SharedFolder } from '../guests/storage.ts';
import { Clock } from '../ha/clock.ts';
import { API_PORT, BRIDGE, CONFIG, SHARED } from '../layout.ts';
import { EtcdGateway } from '../store/etcd-gateway.ts';
import { HaFolder } from '../store/ha-files.ts';
import { ReplicatedFiles } from '../store/replicated-files.ts';
import { serveAdmin } from './admin.ts';
import { end } from './end.ts';
import { HighAvailability } from './ha.ts';
import { HaGuests } from './ha-guests.ts';
import { NodeMachine } from './machine.ts';
import type { Membership } from './parts.ts';
import { peer, servePeers } from './peers.ts';
import { AGENT_SOCKET, COPY, NODE_FILE, type NodeSettings, TASKS } from './settings.ts';

const { node, nodes, timeScale, epoch } = JSON.parse(readFileSync(NODE_FILE, 'utf8')) as NodeSettings;
const say = (line: string) => console.log(`${new Date().toISOString()} ${line}`);
const clock = new Clock(timeScale, epoch);
const partitions = new Partitions();
const files = new ReplicatedFiles({
  etcd: new EtcdGateway(`http://127.0.0.1:${ETCD_PORT}`),
  id: `${node} ${randomUUID()}`,
  hasMajority: () => partitions.now.isQuorate,
  copy: COPY,
  timeScale,
});
const membership: Membership = {
  node,
  quorate: () => files.quorate(),
  nodes: () => partitions.nodes(nodes),
};
const ha = new HaFolder(files, clock);
const machine = new NodeMachine(
  remarks(),
  async () => end({ stopAll, highAvailability, hypervisor, stop: (vmid) => lrm.stop(vmid, undefined), say }),
  say,
);
const pem = (name: string) => readFileSync(`${CONFIG}/pve-ssl.${name}`, 'utf8');
const key = readFileSync(`${CONFIG}/authkey`);
const addressOf = (name: string) => nodes.find((each) => each.name === name)!.address;
const storage = new SharedFolder('shared', SHARED);
const hypervisor = new QemuHypervisor({
  storage,
  bridge: BRIDGE,
  address: addressOf(node),
  receiver: (name) => peer(addressOf(name), key),
});
servePeers(addressOf(node), key, hypervisor);
const { lrm, startAll, stopAll } = await serve(
  { membership, files, ha, machine, hypervisor, storage },
  { key: pem('key'), cert: pem('pem'), port: API_PORT, taskFolder: TASKS },
);
const highAvailability = new HighAvailability({
  membership,
  files,
  clock,
  say,
  machineShutdown: () => machine.asked,
  guests: new HaGuests(node, files, hypervisor, lrm),
});

/** What a report of a run on this lab must say. */
function remarks(): string[] {
  return [
    ...(acceleratorOf(SHARED) === 'tcg' ? ['emulated guests'] : []),
    ...(timeScale === 1 ? [] : [`HA timers ${timeScale} times as fast`]),
  ];
}

serveAdmin(AGENT_SOCKET, {
  state: async () => {
    const { master_node: master, timestamp = 0 } = await ha.managerStatus();
    return {
      quorate: files.quorate(),
      members: membership.nodes().flatMap(({ name, online }) => (online ? [name] : [])),
      master: isFresh(clock.now(), timestamp) ? master : undefined,
      ...highAvailability.states,
    };
  },
  command: (line) => ha.queue(line),
  admit: async ({ user, password, token, secret }) => {
    await setPassword(files, user, password);
    await addToken(files, token, secret, false);
  },
  provide: (path, content) => files.update(path, (text) => text ?? content),
});
say(`the agent of ${node} is there`);
await poll(
  () => files.quorate(),
  (isQuorate) => isQuorate,
  { timeout: Number.POSITIVE_INFINITY, every: 500 },
);
await startAll().catch((error: Error) => say(`startall: ${error.message}`));
