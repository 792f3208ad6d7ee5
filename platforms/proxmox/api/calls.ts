/** The calls that the suite makes: what each is asked with, and what it answers. A test holds them against Proxmox's own schema. */
import { z } from 'zod';
import * as answers from './answers.ts';
import { parseUpid } from './upid.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

interface Definition {
  /** Parameters; those that the path names go into it. */
  asks: z.ZodObject;
  /** The whole answer, as a value. */
  answers: z.ZodType;
  /**
   * A change that done twice is as done once: it may be sent again when nobody knows whether it arrived. Some are refused the second time, as
   * being there (or gone) already: whoever makes them takes that for done.
   */
  idempotent?: true;
}

const flag = z.boolean().optional();
const line = z.string().optional();
const count = z.int().min(0).optional();

const nodeName = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/i, { error: 'expected the name of a node' });
const vmid = z.int().min(100).max(999_999_999);
const configId = z.string().regex(/^[a-z][a-z0-9_-]+$/i, { error: 'expected a name of letters, digits, _ and -' });
const storageId = z.string().regex(/^[a-z][a-z0-9._-]*[a-z0-9]$/i, { error: 'expected the name of a storage' });
const sid = z.string().regex(/^((vm|ct):)?[1-9]\d{2,8}$/, { error: 'expected an HA resource, such as vm:100' });
const upid = z.string().refine((text) => parseUpid(text) !== undefined, { error: 'expected a UPID' });
const policy = z.enum(['ACCEPT', 'REJECT', 'DROP']).optional();

const none = z.strictObject({});
const pool = z.strictObject({ poolid: z.string().regex(/^[A-Za-z0-9._-]+$/), comment: line });
const node = z.strictObject({ node: nodeName });
const guest = node.extend({ vmid });
const task = node.extend({ upid });
const resource = z.strictObject({ sid });
const service = node.extend({
  service: z.enum(['corosync', 'pve-cluster', 'pve-ha-crm', 'pve-ha-lrm', 'pveproxy', 'pvedaemon']),
});

/** What a guest is made of, as far as the suite sets it. Memory is in MiB. */
const guestConfig = {
  name: line,
  description: z.string().max(8192).optional(),
  tags: line,
  memory: line,
  balloon: count,
  cores: z.int().min(1).optional(),
  cpu: line,
  cpulimit: z.number().min(0).max(128).optional(),
  cpuunits: z.int().min(1).max(262_144).optional(),
  kvm: flag,
  ostype: z.enum(['l26', 'other']).optional(),
  scsihw: z.enum(['virtio-scsi-pci', 'virtio-scsi-single']).optional(),
  scsi0: line,
  scsi1: line,
  ide2: line,
  net0: line,
  net1: line,
  boot: line,
  vga: line,
  serial0: z.literal('socket').optional(),
  agent: line,
  onboot: flag,
  citype: z.enum(['nocloud', 'configdrive2']).optional(),
  ciuser: line,
  sshkeys: line,
  ipconfig0: line,
  ipconfig1: line,
  nameserver: line,
  cicustom: line,
};
const change = { delete: line, digest: z.string().max(40).optional() };

const resourceConfig = {
  state: z.enum(['started', 'stopped', 'disabled', 'ignored']).optional(),
  max_restart: count,
  max_relocate: count,
  failback: flag,
  group: configId.optional(),
  comment: z.string().max(4096).optional(),
};
const ruleConfig = {
  type: z.enum(['node-affinity', 'resource-affinity']),
  nodes: line,
  strict: flag,
  affinity: z.enum(['positive', 'negative']).optional(),
  disable: flag,
  comment: z.string().max(4096).optional(),
};
const haChange = { delete: line, digest: z.string().max(64).optional() };

export const CALLS = {
  // Nothing on the cluster changes by it: a second ticket is a second ticket.
  'POST /access/ticket': {
    asks: z.strictObject({ username: z.string().max(64), password: z.string() }),
    answers: answers.ticket,
    idempotent: true,
  },
  'GET /access/permissions': { asks: z.strictObject({ path: line }), answers: answers.permissions },

  'GET /version': { asks: none, answers: answers.version },
  'GET /nodes': { asks: none, answers: answers.nodes },
  'GET /nodes/{node}/status': { asks: node, answers: answers.nodeStatus },
  'GET /nodes/{node}/time': { asks: node, answers: answers.nodeTime },
  'GET /nodes/{node}/services': { asks: node, answers: answers.services },
  'GET /nodes/{node}/services/{service}/state': { asks: service, answers: answers.serviceState },
  // A shutdown in good order, which follows the cluster's shutdown policy: no power cut.
  'POST /nodes/{node}/status': {
    asks: node.extend({ command: z.enum(['reboot', 'shutdown']) }),
    answers: answers.nothing,
  },
  'POST /nodes/{node}/services/{service}/start': { asks: service, answers: answers.started },
  'POST /nodes/{node}/services/{service}/stop': { asks: service, answers: answers.started },

  'GET /cluster/status': { asks: none, answers: answers.clusterStatus },
  'GET /cluster/resources': {
    asks: z.strictObject({ type: z.enum(['vm', 'storage', 'node']).optional() }),
    answers: answers.resources,
  },
  'GET /cluster/nextid': { asks: z.strictObject({ vmid: vmid.optional() }), answers: answers.nextId },
  'GET /cluster/options': { asks: none, answers: answers.options },
  'PUT /cluster/options': {
    asks: z.strictObject({ ha: line, delete: line }),
    answers: answers.nothing,
    idempotent: true,
  },
  'GET /cluster/tasks': { asks: none, answers: answers.clusterTasks },

  'GET /pools': { asks: none, answers: answers.pools },
  'POST /pools': { asks: pool, answers: answers.nothing, idempotent: true },
  'PUT /pools': { asks: pool, answers: answers.nothing, idempotent: true },
  'DELETE /pools': { asks: pool.pick({ poolid: true }), answers: answers.nothing, idempotent: true },

  'GET /storage': { asks: none, answers: answers.storages },
  'GET /nodes/{node}/storage': { asks: node.extend({ content: line }), answers: answers.nodeStorages },
  'GET /nodes/{node}/storage/{storage}/content': {
    asks: node.extend({ storage: storageId, vmid: vmid.optional() }),
    answers: answers.volumes,
  },

  'GET /nodes/{node}/lxc': { asks: node, answers: answers.guests },
  'GET /nodes/{node}/lxc/{vmid}/config': { asks: guest.extend({ current: flag }), answers: answers.config },
  'PUT /nodes/{node}/lxc/{vmid}/config': {
    asks: guest.extend({ tags: line, net0: line, ...change }),
    answers: answers.nothing,
    idempotent: true,
  },
  'GET /nodes/{node}/lxc/{vmid}/status/current': { asks: guest, answers: answers.guestStatus },

  'GET /nodes/{node}/qemu': { asks: node, answers: answers.guests },
  'POST /nodes/{node}/qemu': {
    asks: guest.extend({ ...guestConfig, storage: storageId.optional(), pool: line }),
    answers: answers.started,
  },
  'DELETE /nodes/{node}/qemu/{vmid}': {
    asks: guest.extend({ purge: flag, 'destroy-unreferenced-disks': flag }),
    answers: answers.started,
  },
  'POST /nodes/{node}/qemu/{vmid}/clone': {
    asks: guest.extend({
      newid: vmid,
      name: line,
      description: line,
      full: flag,
      target: nodeName.optional(),
      storage: storageId.optional(),
      pool: line,
    }),
    answers: answers.started,
  },
  'GET /nodes/{node}/qemu/{vmid}/config': { asks: guest.extend({ current: flag }), answers: answers.config },
  // The one that may take long: it allocates disks.
  'POST /nodes/{node}/qemu/{vmid}/config': {
    asks: guest.extend({ ...guestConfig, ...change }),
    answers: answers.maybeStarted,
  },
  // Settings only.
  'PUT /nodes/{node}/qemu/{vmid}/config': {
    asks: guest.extend({ ...guestConfig, ...change }),
    answers: answers.nothing,
    idempotent: true,
  },
  'PUT /nodes/{node}/qemu/{vmid}/resize': {
    asks: guest.extend({ disk: z.enum(['scsi0', 'scsi1']), size: z.string().regex(/^\d+[KMGT]?$/) }),
    answers: answers.started,
  },
  'GET /nodes/{node}/qemu/{vmid}/status/current': { asks: guest, answers: answers.guestStatus },
  // For a guest under HA, start, stop, shutdown and migrate only put a request to the manager: the task (hastart, hastop,
  // hamigrate) ends before anything has moved, and whether anything will is known by looking.
  'POST /nodes/{node}/qemu/{vmid}/status/start': { asks: guest.extend({ timeout: count }), answers: answers.started },
  'POST /nodes/{node}/qemu/{vmid}/status/stop': { asks: guest.extend({ timeout: count }), answers: answers.started },
  'POST /nodes/{node}/qemu/{vmid}/status/shutdown': {
    asks: guest.extend({ timeout: count, forceStop: flag }),
    answers: answers.started,
  },
  'POST /nodes/{node}/qemu/{vmid}/status/reset': { asks: guest, answers: answers.started },
  'POST /nodes/{node}/qemu/{vmid}/status/suspend': { asks: guest, answers: answers.started },
  'POST /nodes/{node}/qemu/{vmid}/status/resume': { asks: guest, answers: answers.started },
  'GET /nodes/{node}/qemu/{vmid}/migrate': {
    asks: guest.extend({ target: nodeName.optional() }),
    answers: answers.migration,
  },
  'POST /nodes/{node}/qemu/{vmid}/migrate': {
    asks: guest.extend({ target: nodeName, online: flag, 'with-local-disks': flag }),
    answers: answers.started,
  },
  'GET /nodes/{node}/qemu/{vmid}/firewall/options': { asks: guest, answers: answers.firewall },
  'PUT /nodes/{node}/qemu/{vmid}/firewall/options': {
    asks: guest.extend({ enable: flag, policy_in: policy, policy_out: policy, ...haChange }),
    answers: answers.nothing,
    idempotent: true,
  },
  // Without an agent in the guest each of these takes 3.0 s to say so.
  'POST /nodes/{node}/qemu/{vmid}/agent/ping': { asks: guest, answers: answers.nothing, idempotent: true },
  'POST /nodes/{node}/qemu/{vmid}/agent/exec': {
    asks: guest.extend({ command: z.array(z.string()).min(1), 'input-data': z.string().max(65_536).optional() }),
    answers: answers.execStarted,
  },
  'GET /nodes/{node}/qemu/{vmid}/agent/exec-status': {
    asks: guest.extend({ pid: z.int() }),
    answers: answers.execStatus,
  },
  'GET /nodes/{node}/qemu/{vmid}/agent/network-get-interfaces': { asks: guest, answers: answers.interfaces },

  'GET /nodes/{node}/tasks': {
    asks: node.extend({
      source: z.enum(['archive', 'active', 'all']).optional(),
      since: z.int().optional(),
      typefilter: line,
      vmid: vmid.optional(),
      start: count,
      limit: count,
    }),
    answers: answers.tasks,
  },
  'GET /nodes/{node}/tasks/{upid}/status': { asks: task, answers: answers.taskStatus },
  'GET /nodes/{node}/tasks/{upid}/log': { asks: task.extend({ start: count, limit: count }), answers: answers.taskLog },
  'DELETE /nodes/{node}/tasks/{upid}': { asks: task, answers: answers.nothing, idempotent: true },

  'GET /cluster/ha/resources': { asks: none, answers: answers.haResources },
  'GET /cluster/ha/resources/{sid}': { asks: resource, answers: answers.haResource },
  'POST /cluster/ha/resources': {
    asks: resource.extend(resourceConfig),
    answers: answers.nothing,
    idempotent: true,
  },
  'PUT /cluster/ha/resources/{sid}': {
    asks: resource.extend({ ...resourceConfig, ...haChange }),
    answers: answers.nothing,
    idempotent: true,
  },
  'DELETE /cluster/ha/resources/{sid}': { asks: resource, answers: answers.nothing, idempotent: true },
  // Both validate the resource's name and nothing else, and only queue. The manager takes what is queued once a round, the last one for a
  // guest, and drops it for all that where the guest is already, by its own notes, or when the guest's state changes first: while it moves away
  // it cannot be called back. Since pve-ha-manager 5.0.2 they say who moves along; before that, nothing.
  'POST /cluster/ha/resources/{sid}/migrate': {
    asks: resource.extend({ node: nodeName }),
    answers: answers.nothing,
    idempotent: true,
  },
  'POST /cluster/ha/resources/{sid}/relocate': { asks: resource.extend({ node: nodeName }), answers: answers.nothing },
  'GET /cluster/ha/rules': { asks: none, answers: answers.haRules },
  'GET /cluster/ha/rules/{rule}': { asks: z.strictObject({ rule: configId }), answers: answers.haRule },
  'POST /cluster/ha/rules': {
    asks: z.strictObject({ rule: configId, resources: z.string(), ...ruleConfig }),
    answers: answers.nothing,
    idempotent: true,
  },
  'PUT /cluster/ha/rules/{rule}': {
    asks: z.strictObject({ rule: configId, resources: line, ...ruleConfig, ...haChange }),
    answers: answers.nothing,
    idempotent: true,
  },
  // One that is not there is removed with success, too.
  'DELETE /cluster/ha/rules/{rule}': {
    asks: z.strictObject({ rule: configId }),
    answers: answers.nothing,
    idempotent: true,
  },
  // Before PVE 9; since then a 500 that says that they have become rules.
  'GET /cluster/ha/groups': { asks: none, answers: answers.haGroups },
  'GET /cluster/ha/groups/{group}': { asks: z.strictObject({ group: configId }), answers: answers.haGroup },
  'POST /cluster/ha/groups': {
    asks: z.strictObject({ group: configId, nodes: z.string(), restricted: flag, nofailback: flag, comment: line }),
    answers: answers.nothing,
    idempotent: true,
  },
  'DELETE /cluster/ha/groups/{group}': {
    asks: z.strictObject({ group: configId }),
    answers: answers.nothing,
    idempotent: true,
  },
  'GET /cluster/ha/status/current': { asks: none, answers: answers.haCurrent },
  'GET /cluster/ha/status/manager_status': { asks: none, answers: answers.haManager },
} as const satisfies Record<`${Method} /${string}`, Definition>;

export type Call = keyof typeof CALLS;
export type PathOf<M extends Method> = Call extends infer C ? (C extends `${M} ${infer P}` ? P : never) : never;
type CallOf<M extends Method, P extends string> = Extract<Call, `${M} ${P}`>;
/** What a call is asked with. */
export type Asks<M extends Method, P extends string> = z.input<(typeof CALLS)[CallOf<M, P>]['asks']>;
/** What it answers. */
export type Answers<M extends Method, P extends string> = z.output<(typeof CALLS)[CallOf<M, P>]['answers']>;
