/** Makes the guests of a workload. Each carries the run's mark from its very first moment, so that none is ever forgotten. */
import { OperatorError } from '../../../units/operator-error.ts';
import { poll } from '../../../units/until.ts';
import { few } from '../../../units/words.ts';
import type { Use } from '../../platform.ts';
import { addressOf, untilAgent } from '../acts/agent.ts';
import type { Api } from '../api/api.ts';
import { configOf } from '../api/guest-calls.ts';
import { finished } from '../api/tasks.ts';
import type { ProxmoxCluster } from '../cluster.ts';
import { ofNamespace } from '../state/members.ts';
import { type Mark, markOf } from '../state/tags.ts';
import type { View, Viewer } from '../state/view.ts';
import { type Adopted, adopt, findAdopted, refuseUses } from './adopt.ts';
import { install, pack } from './files.ts';
import { manage } from './ha.ts';
import { untilListed } from './listed.ts';
import { make } from './make.ts';
import { type Manifest, readManifest } from './manifest.ts';
import { checkSource, guestName, type PlannedGuest, planGuests, type Template } from './plan.ts';
import { inTurns, Steps } from './steps.ts';
import { type Progress, surely } from './unsure.ts';

export interface DeployRequest {
  namespace: string;
  manifest: string;
  labels: Record<string, string>;
  /** A service of another namespace that its guests are to know by name. */
  neighbour?: { namespace: string; service: string } | undefined;
}

const START_TIMEOUT = 60_000;
/** From a guest's start to its agent's first word. */
const BOOT_TIMEOUT = 180_000;
/** A shared storage copies so many disks at once, and the API carries so many guests' files. */
const [MADE_AT_ONCE, INSTALLED_AT_ONCE] = [4, 8];

/** What has been looked at and found possible; nothing is changed yet. */
type Prepared =
  | { kind: 'adopt'; guests: Adopted[] }
  | { kind: 'make'; guests: PlannedGuest[]; template: Template | undefined; packed: Map<string, string> };

/** Throws OperatorError where it cannot be deployed, as far as that can be known beforehand. */
async function prepare(api: Api, viewer: Viewer, cluster: ProxmoxCluster, request: DeployRequest): Promise<Prepared> {
  const manifest = readManifest(request.manifest);
  const view = await viewer.look();
  if (cluster.from && 'guests' in cluster.from) {
    return { kind: 'adopt', guests: await findAdopted(api, cluster.from.guests, view, manifest, runOf(request)) };
  }
  if (!cluster.from) {
    throw new OperatorError(`${cluster.file} does not say where guests come from`, {
      hint: 'add `template:` (or `image:`) and `storage:`, or `guests:` that are there already',
    });
  }
  const isManaged = Object.values(manifest.guests).some(({ ha }) => ha !== undefined);
  const { template, places } = await checkSource(api, cluster, view, isManaged);
  const packed = await packAll(manifest);
  const taken = await takenAddresses(api, cluster, view);
  const guests = planGuests(request.namespace, manifest, view, cluster, { addresses: taken, places });
  return { kind: 'make', guests, template, packed };
}

/** → what it would do, in a few words. */
export async function mayDeploy(
  api: Api,
  viewer: Viewer,
  cluster: ProxmoxCluster,
  request: DeployRequest,
  uses: readonly Use[],
): Promise<string> {
  const prepared = await prepare(api, viewer, cluster, request);
  if (prepared.kind === 'adopt') refuseUses(prepared.guests, uses);
  const places = few(prepared.guests.map(({ vmid, node }) => `${vmid} on ${node}`));
  return prepared.kind === 'make' ? `guests ${places} can be made` : `guests ${places} are there`;
}

const runOf = ({ labels, namespace }: DeployRequest) => labels['brownout.run'] ?? namespace;

/** @param tell hears which guests are waited for, and at what they are */
export async function deploy(
  api: Api,
  viewer: Viewer,
  cluster: ProxmoxCluster,
  request: DeployRequest,
  tell?: (waitingFor: string) => void,
): Promise<void> {
  const prepared = await prepare(api, viewer, cluster, request);
  const run = runOf(request);
  if (prepared.kind === 'adopt') return adopt(api, viewer, prepared.guests, request.namespace, run);
  const { guests, template, packed } = prepared;

  // No guest waits for another but where it must know of it: all are made, boot and are installed at their own pace.
  const steps = new Steps(tell);
  const short = ({ name }: PlannedGuest) => name.slice(request.namespace.length + 1);
  const [making, installing] = [inTurns(MADE_AT_ONCE), inTurns(INSTALLED_AT_ONCE)];
  const started = guests.map(async (guest) => {
    const mark = markFor(guest, request, run);
    await steps.take(short(guest), 'is made', () => making(() => make(api, cluster, template, guest, mark)));
    await steps.take(short(guest), 'is started', () => start(api, guest));
  });
  const addresses = guests.map(async (guest, at) => {
    await started[at];
    return steps.take(short(guest), 'boots', async () => {
      await untilAgent(api, guest, BOOT_TIMEOUT);
      return guest.address ?? untilAddress(api, guest);
    });
  });
  const beside = request.neighbour ? await hostOf(api, viewer, request.neighbour) : [];
  const known = Promise.all(guests.map(({ address }, at) => address ?? addresses[at]!));
  const installed = guests.map(async (guest, at) => {
    await addresses[at];
    const hosts = (await known).map(
      (address, of) => `${address} ${guests[of]!.name} ${Object.keys(guests[of]!.spec.parts).join(' ')}`,
    );
    const what = {
      spec: guest.spec,
      hostname: guest.name,
      hosts: [...hosts, ...beside],
      packed: packed.get(guest.kind),
    };
    await steps.take(short(guest), 'gets its files', () => installing(() => install(api, guest, what)));
  });
  const managed = Promise.all(started).then(async () => {
    await steps.take('the cluster', 'lists them', () => untilListed(viewer, request.namespace, guests));
    await steps.take('HA', 'takes them up', () => manage(api, viewer, request.namespace, run, guests));
  });
  await steps.end([...started, ...addresses, known, ...installed, managed]);
}

/** A line of /etc/hosts that leads to the first guest of a service. */
async function hostOf(api: Api, viewer: Viewer, of: { namespace: string; service: string }): Promise<string[]> {
  const { guests } = await viewer.look();
  const found = ofNamespace(of.namespace, { guests })
    .filter(({ tags }) => markOf(tags)?.services.includes(of.service))
    .sort((a, b) => a.vmid - b.vmid)[0];
  if (!found) throw new OperatorError(`there is no guest of ${of.service} in ${of.namespace}`);
  const { ipconfig0 = '' } = await configOf(api, found);
  const address = /ip=([\d.]+)/.exec(ipconfig0)?.[1] ?? (await addressOf(api, found));
  if (address !== undefined) return [`${address} ${guestName(of.namespace, of.service, 1)}`];
  throw new OperatorError(`guest ${found.vmid} of ${of.service} on ${found.node} tells no address`);
}

const markFor = ({ spec }: PlannedGuest, { namespace }: DeployRequest, run: string): Mark => ({
  namespace,
  services: Object.keys(spec.parts),
  run,
});

async function packAll({ guests }: Manifest): Promise<Map<string, string>> {
  const byFolder = new Map<string, Promise<string>>();
  const entries = Object.entries(guests).flatMap(([kind, { files }]) => {
    if (!files) return [];
    const packing = byFolder.get(files.from) ?? pack(files.from);
    byFolder.set(files.from, packing);
    return [{ kind, packing }];
  });
  return new Map(await Promise.all(entries.map(async ({ kind, packing }) => [kind, await packing] as const)));
}

/** Addresses of the suite's guests of other namespaces. */
async function takenAddresses(api: Api, cluster: ProxmoxCluster, view: View): Promise<Set<string>> {
  if (!cluster.addresses) return new Set();
  const ours = view.guests.filter(({ tags, type }) => type === 'qemu' && markOf(tags));
  const configs = await Promise.all(
    ours.map(({ node, vmid }) => api.get('/nodes/{node}/qemu/{vmid}/config', { node, vmid }).catch(() => undefined)),
  );
  return new Set(configs.flatMap((config) => /ip=([\d.]+)/.exec(config?.ipconfig0 ?? '')?.[1] ?? []));
}

async function start(api: Api, { node, vmid }: PlannedGuest): Promise<void> {
  const started = async (): Promise<Progress> => {
    const { status } = await api.get('/nodes/{node}/qemu/{vmid}/status/current', { node, vmid });
    return status === 'running' ? 'done' : 'nothing';
  };
  if ((await started()) === 'done') return;
  const starting = async () => {
    const upid = await api.post('/nodes/{node}/qemu/{vmid}/status/start', { node, vmid });
    await finished(api, upid, { timeout: START_TIMEOUT });
  };
  await surely(starting, started, START_TIMEOUT);
}

async function untilAddress(api: Api, guest: PlannedGuest): Promise<string> {
  const found = await poll(
    () => addressOf(api, guest),
    (address) => address !== undefined,
    { timeout: 60_000, every: 1_000 },
  );
  if (found !== undefined) return found;
  throw new OperatorError(`guest ${guest.vmid} (${guest.name}) on ${guest.node} has got no address within 60 s`, {
    hint: 'is there a DHCP server on its bridge? Else name free addresses as `addresses` in the cluster file',
  });
}
