/**
 * What the API answers, as values that can be relied on. Perl does not tell numbers, booleans and text apart, and leaves out
 * what is as usual; here each becomes what it means, once. What an answer holds beside that is passed over.
 */
import { z } from 'zod';
import { parseUpid } from './upid.ts';

/** Also `"1"`, and `""` for no. */
const flag = z
  .union([z.boolean(), z.literal([0, 1, '0', '1', ''])])
  .transform((value) => value === true || value === 1 || value === '1');
const number = z.union([
  z.number(),
  z
    .string()
    .regex(/^-?\d+(\.\d+)?$/)
    .transform(Number),
]);
const integer = number.pipe(z.int());
/** A text of digits may come as a number. */
const text = z.union([z.string(), z.number().transform(String)]);
const upid = z.string().refine((value) => parseUpid(value) !== undefined, { error: 'expected a UPID' });

/** What is left out is as usual. */
const orNo = flag.default(false);
const orYes = flag.default(true);
/** What is absent, or there and null. */
const maybe = <T extends z.ZodType>(type: T) => type.nullish().transform((value) => value ?? undefined);

/** Most answers: everything is under `data`. */
const data = <T extends z.ZodType>(type: T) =>
  z.object({ data: type }).transform((answer) => (answer as { data: z.output<T> }).data);
const rows = <T extends z.ZodType>(row: T) => data(z.array(row));
/** Those with a second key: how many there are in all. */
const counted = <T extends z.ZodType>(row: T) => z.object({ data: z.array(row), total: integer });

/** Of a change that tells no more than that it was taken. */
export const nothing = data(z.unknown()).transform(() => undefined);
/** Of a change that goes on as a task. */
export const started = data(upid);
/** Of a change that is a task if it takes long. */
export const maybeStarted = data(maybe(upid));

export const ticket = data(
  z.object({ username: text, ticket: maybe(z.string()), CSRFPreventionToken: maybe(z.string()), NeedTFA: maybe(flag) }),
);
/** Privileges by path. The flag says that the privilege is inherited further down. */
export const permissions = data(z.record(z.string(), z.record(z.string(), flag)));

export const version = data(z.object({ version: text, release: text, repoid: text }));
export const nodes = rows(
  z.object({
    node: text,
    status: z.enum(['unknown', 'online', 'offline']),
    uptime: maybe(integer),
    ssl_fingerprint: maybe(text),
  }),
);
export const nodeStatus = data(
  z.object({
    pveversion: text,
    uptime: integer,
    cpuinfo: z.object({ cpus: integer }),
    memory: z.object({ total: integer, used: integer }),
  }),
);
/** Epoch seconds. */
export const nodeTime = data(z.object({ time: integer, timezone: text }));
const service = z.object({ service: text, state: text, 'active-state': maybe(text), 'unit-state': maybe(text) });
export const services = rows(service);
export const serviceState = data(service);

export const clusterStatus = rows(
  z.discriminatedUnion('type', [
    z.object({ type: z.literal('cluster'), name: text, nodes: integer, quorate: flag, version: integer }),
    z.object({ type: z.literal('node'), name: text, nodeid: integer, ip: maybe(text), online: flag, local: orNo }),
  ]),
);
/** Rows of every kind. `status` of a guest on a dead node stays `running`: `hastate`, and its node's row, tell more. */
export const resources = rows(
  z.object({
    id: text,
    type: text,
    node: maybe(text),
    status: maybe(text),
    hastate: maybe(text),
    vmid: maybe(integer),
    name: maybe(text),
    template: orNo,
    tags: maybe(text),
    lock: maybe(text),
    uptime: maybe(integer),
    maxcpu: maybe(number),
    maxmem: maybe(integer),
    maxdisk: maybe(integer),
    pool: maybe(text),
    storage: maybe(text),
    shared: orNo,
    content: maybe(text),
    plugintype: maybe(text),
  }),
);
export const pools = rows(z.object({ poolid: text, comment: maybe(text) }));
export const nextId = data(integer);
export const options = data(
  z.object({
    ha: maybe(z.object({ shutdown_policy: maybe(text) })),
    crs: maybe(z.unknown()),
    migration: maybe(z.unknown()),
    fencing: maybe(text),
  }),
);

const storage = z.object({
  storage: text,
  type: text,
  content: z.preprocess((value) => value ?? '', text),
  shared: orNo,
});
/** As configured. `nodes` names those that have it; all when it is absent. */
export const storages = rows(storage.extend({ disable: orNo, nodes: maybe(text) }));
/** As one node sees them. */
export const nodeStorages = rows(
  storage.extend({ active: orNo, enabled: orYes, avail: maybe(integer), total: maybe(integer) }),
);
export const volumes = rows(
  z.object({ volid: text, format: text, size: integer, vmid: maybe(integer), content: maybe(text) }),
);

export const guests = rows(
  z.object({
    vmid: integer,
    name: maybe(text),
    status: z.enum(['stopped', 'running']),
    template: orNo,
    pid: maybe(integer),
    uptime: maybe(integer),
  }),
);
/** Every key as it is written there, also those that are numbers. Lines of a container that are LXC's own come as a list: nobody reads them. */
export const config = data(
  z
    .record(z.string(), z.unknown())
    .transform((all) =>
      Object.fromEntries(
        Object.entries(all).flatMap(([key, value]) =>
          typeof value === 'string' || typeof value === 'number' ? [[key, String(value)]] : [],
        ),
      ),
    ),
);
export const guestStatus = data(
  z.object({
    vmid: integer,
    name: maybe(text),
    status: z.enum(['stopped', 'running']),
    qmpstatus: maybe(text),
    pid: maybe(integer),
    uptime: maybe(integer),
    lock: maybe(text),
    template: orNo,
    agent: orNo,
    ha: z.object({ managed: orNo, state: maybe(text) }),
  }),
);
/** Not `not_allowed_nodes`: it lists every other node, allowed or not. */
export const migration = data(
  z.object({
    running: orNo,
    allowed_nodes: z.array(text).optional(),
    local_disks: z.array(z.object({ volid: text, cdrom: orNo })).default([]),
    local_resources: z.array(text).default([]),
  }),
);
export const firewall = data(
  z.object({ enable: orNo, policy_in: maybe(text), policy_out: maybe(text), digest: maybe(text) }),
);

export const execStarted = data(z.object({ pid: integer }));
export const execStatus = data(
  z.object({
    exited: flag,
    exitcode: maybe(integer),
    signal: maybe(integer),
    'out-data': maybe(text),
    'err-data': maybe(text),
  }),
);
export const interfaces = data(
  z.object({
    result: z.array(
      z.object({
        name: text,
        'hardware-address': maybe(text),
        'ip-addresses': maybe(z.array(z.object({ 'ip-address': text, 'ip-address-type': text }))),
      }),
    ),
  }),
);

const task = z.object({
  upid,
  node: text,
  type: text,
  id: maybe(text),
  user: text,
  tokenid: maybe(text),
  /** Epoch seconds. */
  starttime: integer,
});
/** `exitstatus` is there when it is stopped, and holds the whole error when it failed. */
export const taskStatus = data(task.extend({ status: z.enum(['running', 'stopped']), exitstatus: maybe(text) }));
/** Lists call it `status`: how it ended, and nothing while it runs. */
const listed = task.extend({ endtime: maybe(integer), status: maybe(text) });
export const tasks = counted(listed);
export const clusterTasks = rows(listed);
export const taskLog = counted(z.object({ n: integer, t: z.preprocess((value) => value ?? '', text) }));

const resource = z.object({
  sid: text,
  type: text,
  state: text.default('started'),
  max_restart: integer.default(1),
  max_relocate: integer.default(1),
  failback: orYes,
  group: maybe(text),
  comment: maybe(text),
  digest: maybe(text),
});
export const haResources = rows(resource);
export const haResource = data(resource);
const rule = z.object({
  rule: text,
  type: text,
  resources: text,
  nodes: maybe(text),
  affinity: maybe(text),
  strict: orNo,
  disable: orNo,
  comment: maybe(text),
  digest: maybe(text),
});
export const haRules = rows(rule);
export const haRule = data(rule);
const group = z.object({
  group: text,
  nodes: text,
  restricted: orNo,
  nofailback: orNo,
  comment: maybe(text),
  digest: maybe(text),
});
export const haGroups = rows(group);
export const haGroup = data(group);
/** One shape for rows of every kind: which keys a row has depends on its kind and on the version. */
export const haCurrent = rows(
  z.object({
    id: text,
    type: text,
    node: maybe(text),
    status: text,
    timestamp: maybe(integer),
    quorate: maybe(flag),
    sid: maybe(text),
    state: maybe(text),
    crm_state: maybe(text),
    request_state: maybe(text),
    'armed-state': maybe(text),
  }),
);
/** The manager's own notes: persisted, so what is in them outlives its truth. Without a majority they are frozen. */
export const haManager = data(
  z.object({
    quorum: z.object({ node: text, quorate: flag }),
    manager_status: z.object({
      master_node: maybe(text),
      timestamp: maybe(integer),
      node_status: z.record(z.string(), text).default({}),
      node_request: z.record(z.string(), z.object({ maintenance: orNo })).default({}),
      service_status: z
        .record(
          z.string(),
          z.object({
            node: text,
            state: text,
            uid: maybe(text),
            running: orNo,
            target: maybe(text),
            maintenance_node: maybe(text),
            cmd: z.array(z.unknown()).optional(),
            failed_nodes: z.array(text).optional(),
          }),
        )
        .default({}),
    }),
    lrm_status: z
      .record(
        z.string(),
        z.object({
          state: maybe(text),
          mode: maybe(text),
          timestamp: maybe(integer),
          results: z.record(z.string(), z.object({ sid: text, exit_code: integer, state: maybe(text) })).default({}),
        }),
      )
      .default({}),
  }),
);
