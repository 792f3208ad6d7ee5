/** The agent of a node: its part of the cluster's files, its membership, CRM and LRM, its guests and its API. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ETCD_PORT } from '../cluster/etcd.ts';
import { Partitions } from '../cluster/membership.ts';
import { Clock } from '../ha/clock.ts';
import { EtcdGateway } from '../store/etcd-gateway.ts';
import { HaFolder } from '../store/ha-files.ts';
import { ReplicatedFiles } from '../store/replicated-files.ts';
import { serveAdmin } from './admin.ts';
import { HighAvailability } from './ha.ts';
import { NodeMachine } from './machine.ts';
import type { Membership } from './parts.ts';
import { AGENT_SOCKET, COPY, NODE_FILE, type NodeSettings } from './settings.ts';

/** Seconds after which a master that says nothing is not believed to be one. */
const OLD = 30;

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
const ha = new HaFolder(files);
const machine = new NodeMachine(() => highAvailability.shutDown(), say);
const highAvailability = new HighAvailability({
  membership,
  files,
  clock,
  say,
  machineShutdown: () => machine.asked,
  guests: {
    isRunning: async () => false,
    start: async (sid) => {
      throw new Error(`this node cannot run guests: ${sid}`);
    },
    stop: async () => {},
    move: async () => false,
  },
});
serveAdmin(AGENT_SOCKET, {
  state: async () => {
    const { master_node: master, timestamp = 0 } = await ha.managerStatus();
    return {
      quorate: files.quorate(),
      members: membership.nodes().flatMap(({ name, online }) => (online ? [name] : [])),
      master: clock.now() - timestamp > OLD ? undefined : master,
      ...highAvailability.states,
      api: false,
    };
  },
  command: (line) => ha.queue(line),
  provide: (path, content) => files.update(path, (text) => text ?? content),
});
say(`the agent of ${node} is there`);
