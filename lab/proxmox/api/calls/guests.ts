/** Guests: which there are, making, changing and removing them. */

import { configPath } from '../../config/guest-files.ts';
import { RESOURCES, withoutResource, withResource } from '../../config/resources.ts';
import { RULES, withoutResourceInRules } from '../../config/rules.ts';
import { digestOf } from '../../config/sections.ts';
import { isTrue } from '../../config/values.ts';
import { drivesOf, formatFile, hasAgent, parseFile } from '../../guests/config.ts';
import type { GuestConfig } from '../../node/parts.ts';
import { isRunning, PENDING, startGuest, withPending } from '../guest-actions.ts';
import { checkStorages, identity, keysToDelete, makeVolumes, settingsOf, shown } from '../guest-config.ts';
import { rowOf } from '../guest-row.ts';
import { checkSettings } from '../option-rights.ts';
import { guestNodes } from '../parts.ts';
import { badParameters, failed } from '../refusal.ts';
import { checkUnlocked, type Handlers, type Request, readGuest, sidOf, type World } from '../world.ts';

/** These are true from the next start on. */
const AT_START =
  /^(memory|balloon|cores|sockets|vcpus|cpu|kvm|machine|bios|scsihw|numa|ostype|args|vga|serial\d|agent|acpi|smbios1)$/;

async function list({ world, caller }: Request) {
  const granted = await world.rights.at(caller);
  const rows = [];
  for (const [vmid, node] of await guestNodes(world, 'vm')) {
    if (node !== world.node || !granted(`/vms/${vmid}`).has('VM.Audit')) continue;
    const { config } = await readGuest(world, node, vmid);
    rows.push(rowOf(vmid, config, await world.hypervisor.state(vmid)));
  }
  return rows;
}

async function create(request: Request): Promise<string> {
  const { world, params, caller } = request;
  const { node, files } = world;
  const vmid = Number(params.vmid);
  const taken = (await guestNodes(world)).get(vmid);
  if (taken !== undefined) throw failed(`unable to create VM ${vmid} - VM ${vmid} already exists on node '${taken}'`);
  const settings = settingsOf(params);
  await checkSettings(request, vmid, settings);
  checkStorages(world, settings);
  if (!world.membership.quorate()) throw failed('cluster not ready - no quorum?');
  const path = configPath(node, vmid);
  await files.write(path, formatFile({ config: { lock: 'create' }, snapshots: {} }));
  return world.tasks.start('qmcreate', vmid, caller, async (log) => {
    try {
      const made = await makeVolumes(world, vmid, settings, log);
      await files.write(path, formatFile({ config: { ...made, ...identity(made) }, snapshots: {} }));
    } catch (error) {
      await files.remove(path);
      throw new Error(`unable to create VM ${vmid} - ${(error as Error).message}`);
    }
    world.broadcast.soon();
    if (params['ha-managed'] === true)
      await files.update(RESOURCES, (text = '') =>
        withResource(text, sidOf(vmid), { state: params.start === true ? 'started' : 'stopped' }),
      );
    else if (params.start === true) await startGuest(world, vmid, log);
  });
}

async function config({ world, params }: Request) {
  const { config: now, snapshots, text } = await readGuest(world, world.node, Number(params.vmid));
  const asked = params.current === true ? now : withPending(now, snapshots[PENDING]);
  return { ...shown(asked), digest: digestOf(text) };
}

async function pending({ world, params }: Request) {
  const { config: now, snapshots, text } = await readGuest(world, world.node, Number(params.vmid));
  const { delete: removed = '', ...changes } = snapshots[PENDING] ?? {};
  const keys = new Set([...Object.keys(now), ...Object.keys(changes)]);
  const [values, later] = [shown(now), shown(changes)];
  const rows = [...keys].map((key) => ({
    key,
    ...(key in values && { value: values[key] }),
    ...(key in later && { pending: later[key] }),
    ...(removed.split(',').includes(key) && { delete: 1 }),
  }));
  return [...rows, { key: 'digest', value: digestOf(text) }];
}

/** Throws Refusal for what is known at once; what is returned does it. */
async function prepareChange(request: Request) {
  const { world, params } = request;
  const vmid = Number(params.vmid);
  const path = configPath(world.node, vmid);
  const removed = keysToDelete(params.delete);
  const { config: before, text } = await readGuest(world, world.node, vmid);
  if (params.digest !== undefined && params.digest !== digestOf(text))
    throw failed('checksum mismatch (file change by other user?)');
  if (params.skiplock !== true) checkUnlocked(before);
  const settings = settingsOf(params);
  await checkSettings(request, vmid, settings, removed);
  checkStorages(world, settings);
  if (!world.membership.quorate())
    throw failed(`unable to open file '/etc/pve/${path}.tmp.${process.pid}' - Permission denied`);
  return async (log: (line: string) => void) => {
    const made = await makeVolumes(world, vmid, settings, log);
    const running = isRunning(world, vmid);
    let after: GuestConfig = before;
    await world.files.update(path, (content) => {
      if (content === undefined) throw failed(`Configuration file '${path}' does not exist`);
      const { config: now, snapshots } = parseFile(content);
      const later = (key: string) => running && AT_START.test(key);
      const { [PENDING]: waiting = {}, ...others } = snapshots;
      after = { ...now };
      for (const [key, value] of Object.entries(made)) {
        if (later(key) && now[key] !== value) waiting[key] = value;
        else {
          after[key] = value;
          delete waiting[key];
        }
      }
      for (const key of removed) {
        delete waiting[key];
        if (later(key) && key in now) waiting.delete = [...(waiting.delete?.split(',') ?? []), key].join(',');
        else delete after[key];
      }
      const sections = Object.keys(waiting).length > 0 ? { [PENDING]: waiting, ...others } : others;
      return formatFile({ config: after, snapshots: sections });
    });
    if (running) await world.hypervisor.apply(vmid, before, after);
    world.broadcast.soon();
  };
}

async function put(request: Request): Promise<void> {
  const change = await prepareChange(request);
  await change(() => {});
}

async function post(request: Request): Promise<string> {
  const change = await prepareChange(request);
  return request.world.tasks.start('qmconfig', Number(request.params.vmid), request.caller, change);
}

async function destroy({ world, params, caller }: Request): Promise<string> {
  const vmid = Number(params.vmid);
  const { config: now } = await readGuest(world, world.node, vmid);
  const sid = sidOf(vmid);
  const isManaged = (await world.ha.services())[sid] !== undefined;
  if (isManaged && params.purge !== true)
    throw failed(`unable to remove VM ${vmid} - used in HA resources and purge parameter not set.`);
  if (isTrue(now.protection)) throw failed(`can't remove VM ${vmid} - protection mode enabled`);
  if (isRunning(world, vmid)) throw failed(`VM ${vmid} is running - destroy failed`);
  if (params.skiplock !== true) checkUnlocked(now);
  if (!world.membership.quorate()) throw failed('cluster not ready - no quorum?');
  return world.tasks.start('qmdestroy', vmid, caller, async (log) => {
    for (const { file } of drivesOf(now)) {
      if (file.startsWith(`${world.storage.name}:${vmid}/`)) await world.storage.free(file);
    }
    if (params.purge === true) {
      log(`purging VM ${vmid} from related configurations..`);
      if (isManaged) {
        await forget(world, sid);
        log(`NOTE: removed VM ${vmid} from HA resource configuration.`);
      }
    }
    await world.files.remove(configPath(world.node, vmid));
    await world.files.remove(firewallPath(vmid));
    world.broadcast.soon();
  });
}

/** It is under HA no more, and in no rule. */
export async function forget({ files }: World, sid: string): Promise<void> {
  await files.update(RESOURCES, (text = '') => withoutResource(text, sid));
  if ((await files.read(RULES)) !== undefined)
    await files.update(RULES, (text = '') => withoutResourceInRules(text, sid));
}

export const firewallPath = (vmid: number) => `firewall/${vmid}.fw`;

async function current({ world, params }: Request) {
  const vmid = Number(params.vmid);
  const { config: now } = await readGuest(world, world.node, vmid);
  const state = await world.hypervisor.state(vmid);
  const service = (await world.ha.services())[sidOf(vmid)];
  const ha = service ? { managed: 1, state: service.state } : { managed: 0 };
  const agent = hasAgent(now) && { agent: 1 };
  return { ...rowOf(vmid, now, state), qmpstatus: state.qmpstatus, clipboard: null, ...agent, ha };
}

const FOLDERS = ['agent', 'clone', 'config', 'firewall', 'migrate', 'pending', 'resize', 'snapshot', 'status'];
const STATES = ['current', 'reboot', 'reset', 'resume', 'shutdown', 'start', 'stop', 'suspend'];

async function index({ world, params }: Request) {
  await readGuest(world, world.node, Number(params.vmid));
  return FOLDERS.map((subdir) => ({ subdir }));
}

/** Throws Refusal 400 for what is this node itself, 500 for a node that is none. */
export function checkTarget({ node, membership }: World, target: string): void {
  if (target === node) throw badParameters({ target: 'target is local node.' });
  if (!membership.nodes().some(({ name }) => name === target)) throw failed(`no such cluster node '${target}'`);
}

export const guestCalls: Handlers = {
  'GET /nodes/{node}/qemu': list,
  'POST /nodes/{node}/qemu': create,
  'GET /nodes/{node}/qemu/{vmid}': index,
  'DELETE /nodes/{node}/qemu/{vmid}': destroy,
  'GET /nodes/{node}/qemu/{vmid}/config': config,
  'POST /nodes/{node}/qemu/{vmid}/config': post,
  'PUT /nodes/{node}/qemu/{vmid}/config': put,
  'GET /nodes/{node}/qemu/{vmid}/pending': pending,
  'GET /nodes/{node}/qemu/{vmid}/status': async () => STATES.map((subdir) => ({ subdir })),
  'GET /nodes/{node}/qemu/{vmid}/status/current': current,
};
