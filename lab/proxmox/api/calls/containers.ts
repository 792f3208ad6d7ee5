/**
 * Containers, as far as they are looked at, labelled and unplugged. The lab makes and runs none: on its machines these lists are empty, and
 * only tests have containers, of memory.
 */
import { configPath } from '../../config/guest-files.ts';
import { digestOf } from '../../config/sections.ts';
import { listOf } from '../../config/values.ts';
import { formatFile, parseFile } from '../../guests/config.ts';
import type { GuestConfig } from '../../node/parts.ts';
import { asText } from '../check.ts';
import { shown } from '../guest-config.ts';
import { containerRowOf } from '../guest-row.ts';
import { checkSettings } from '../option-rights.ts';
import { guestNodes } from '../parts.ts';
import { failed } from '../refusal.ts';
import { checkUnlocked, type Handlers, type Request, readGuest } from '../world.ts';

/** What of a call's parameters is configuration. */
const SETTINGS = /^(hostname|description|tags|net\d+)$/;

async function list({ world, caller }: Request) {
  const granted = await world.rights.at(caller);
  const rows = [];
  for (const [vmid, node] of await guestNodes(world, 'ct')) {
    if (node !== world.node || !granted(`/vms/${vmid}`).has('VM.Audit')) continue;
    const { config } = await readGuest(world, node, vmid, 'ct');
    rows.push({ ...containerRowOf(vmid, config, await world.hypervisor.state(vmid)), type: 'lxc' });
  }
  return rows;
}

async function config({ world, params }: Request) {
  const { config: now, text } = await readGuest(world, world.node, Number(params.vmid), 'ct');
  return { ...shown(now), digest: digestOf(text) };
}

async function change(request: Request): Promise<void> {
  const { world, params } = request;
  const vmid = Number(params.vmid);
  const path = configPath(world.node, vmid, 'ct');
  const { config: before, text } = await readGuest(world, world.node, vmid, 'ct');
  if (params.digest !== undefined && params.digest !== digestOf(text))
    throw failed('checksum mismatch (file change by other user?)');
  checkUnlocked(before, 'CT');
  const given = Object.entries(params).filter(([name]) => SETTINGS.test(name));
  const settings = Object.fromEntries(given.map(([name, value]) => [name, asText(value)]));
  const removed = listOf(String(params.delete ?? ''));
  await checkSettings(request, vmid, settings, removed);
  await world.files.update(path, (content) => {
    if (content === undefined) throw failed(`Configuration file '${path}' does not exist`);
    const { config: now, snapshots } = parseFile(content);
    const after: GuestConfig = { ...now, ...settings };
    for (const key of removed) delete after[key];
    return formatFile({ config: after, snapshots });
  });
  world.broadcast.soon();
}

async function current({ world, params }: Request) {
  const vmid = Number(params.vmid);
  const { config: now } = await readGuest(world, world.node, vmid, 'ct');
  const service = (await world.ha.services())[`ct:${vmid}`];
  const ha = service ? { managed: 1, state: service.state } : { managed: 0 };
  return { ...containerRowOf(vmid, now, await world.hypervisor.state(vmid)), type: 'lxc', ha };
}

export const containerCalls: Handlers = {
  'GET /nodes/{node}/lxc': list,
  'GET /nodes/{node}/lxc/{vmid}/config': config,
  'PUT /nodes/{node}/lxc/{vmid}/config': change,
  'GET /nodes/{node}/lxc/{vmid}/status/current': current,
};
