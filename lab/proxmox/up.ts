import { mkdir, readFile } from 'node:fs/promises';
import { withLock } from '../../processes/lock.ts';
import { OperatorError } from '../../units/operator-error.ts';
import { poll } from '../../units/until.ts';
import { edgeMachine } from '../edge.ts';
import { install, linkState, logTail, type Machine, pathInside, powerOn, restoreLink } from '../host.ts';
import { cacheFolder } from '../image/cache.ts';
import { requireRoot } from '../lab.ts';
import { createNetwork, refuseClash } from '../network.ts';
import type { Progress } from '../progress.ts';
import { ensurePackages, installLabPackages } from '../setup.ts';
import type { ClusterNode } from './cluster/corosync.ts';
import { access, configure } from './configure.ts';
import { type Accelerator, accelerator } from './guests/accelerator.ts';
import { stock } from './guests/storage.ts';
import { GUEST_PACKAGES, type GuestImage, guestImage } from './image/image.ts';
import { EDGE, nodeMachine, proxmoxLab, type Settings, seats } from './layout.ts';
import { askAdmin, type Operator } from './node/admin.ts';
import { AGENT_SOCKET } from './node/settings.ts';
import { FOLDERS, type Notes, readNotes, writeNotes } from './notes.ts';
import { nodeState } from './status.ts';

/** How long a majority may take: ten times what a busy computer needs. A master left over from before a power cut takes two minutes more. */
const PATIENCE_MS = 60_000;
const MASTER_PATIENCE_MS = 200_000;

/** Debian packages that the nodes need, in addition to those of every lab. */
const PACKAGES = ['corosync', 'etcd-server', 'openssh-server', 'openssh-client', 'perl', 'coreutils'];

/** Installs what the Proxmox lab needs from Debian, and builds what its guests are made of. */
export async function proxmoxBuild(progress: Progress): Promise<{ image: GuestImage; accelerator: Accelerator }> {
  requireRoot();
  await installLabPackages(progress);
  await ensurePackages([...PACKAGES, ...GUEST_PACKAGES], progress);
  const image = await guestImage(progress);
  return { image, accelerator: await accelerator(image, progress) };
}

/**
 * Brings the cluster up from nothing, or from whatever is there: machines that are off are powered on, cut links restored. Resolves when
 * every node is in the majority and one of them is the HA master.
 *
 * @param wanted settings; undefined ones are as they were, or the defaults for a new lab
 */
export async function proxmoxUp(wanted: Partial<Settings>, progress: Progress): Promise<void> {
  requireRoot();
  await withLock(
    proxmoxLab.name,
    'lab up proxmox',
    async () => {
      // Before the notes are written: a lab that cannot be started must not look like one that is half up.
      await refuseClash(proxmoxLab.network!);
      const notes = await settle(wanted, progress);
      const all = seats(notes);
      await createNetwork(proxmoxLab.network!);
      await configure(FOLDERS.config, all, notes);
      await powerOnAll(all, progress);
      await becomeCluster(all, progress);
    },
    (holder) => progress(`waiting for ${holder}`),
  );
}

/** The settings of the lab that is there, or those of a new one, on disk before anything is started. */
async function settle(wanted: Partial<Settings>, progress: Progress): Promise<Notes> {
  const before = await readNotes();
  if (!before) {
    const built = await proxmoxBuild(progress);
    const notes = { nodes: wanted.nodes ?? 3, timeScale: wanted.timeScale ?? 1, epoch: Date.now() };
    await stock(FOLDERS.shared, built.image, built.accelerator);
    writeNotes(notes);
    return notes;
  }
  for (const key of ['nodes', 'timeScale'] as const) {
    if (wanted[key] === undefined || wanted[key] === before[key]) continue;
    throw new OperatorError(
      `the lab is up with ${before.nodes} nodes and a time scale of ${before.timeScale}, which cannot be changed now`,
      { hint: 'brownout lab down proxmox, then up again' },
    );
  }
  return before;
}

async function powerOnAll(all: ClusterNode[], progress: Progress): Promise<void> {
  progress(`powering on ${all.map(({ name }) => name).join(', ')} and the edge`);
  const folders = { ...FOLDERS, cache: cacheFolder() };
  await mkdir(folders.cache, { recursive: true });
  const start = async (machine: Machine) => {
    await install(proxmoxLab, machine);
    if (linkState(proxmoxLab, machine.name) === 'cut') await restoreLink(proxmoxLab, machine.name);
    await powerOn(proxmoxLab, machine);
  };
  await Promise.all([
    start(edgeMachine(EDGE, `${FOLDERS.config}/${EDGE.name}`)),
    ...all.map((seat) => start(nodeMachine(seat, all, folders))),
  ]);
}

async function becomeCluster(all: ClusterNode[], progress: Progress): Promise<void> {
  progress('waiting until all nodes are one cluster');
  const late = await poll(
    async () => {
      const states = await Promise.all(all.map(({ name }) => nodeState(name)));
      return all.filter((_, at) => !states[at]?.quorate || states[at].members.length < all.length);
    },
    (missing) => missing.length === 0,
    { timeout: PATIENCE_MS },
  );
  if (late.length > 0) {
    const words = await Promise.all(
      late.map(
        async ({ name }) =>
          `${name}:\n${await logTail(proxmoxLab, name, 'pve')}\n${await logTail(proxmoxLab, name, 'corosync')}`,
      ),
    );
    throw new OperatorError(`not in one cluster after ${PATIENCE_MS / 1000} s: ${words.join('\n')}`, {
      hint: 'brownout lab down proxmox, then up again',
    });
  }
  const first = all[0]!.name;
  const socket = pathInside(proxmoxLab, first, AGENT_SOCKET)!;
  await admitOperator(socket);
  if ((await nodeState(first))?.master === undefined) {
    progress('waiting for the HA master');
    // A cluster without HA resources needs no master, and Proxmox VE then has none; an operator's command makes one of them wake up.
    await askAdmin(socket, 'POST /crm-command', `disable-node-maintenance ${first}`);
  }
  const master = await poll(
    async () => (await nodeState(first))?.master,
    (name) => name !== undefined,
    { timeout: MASTER_PATIENCE_MS },
  );
  if (master === undefined) {
    throw new OperatorError(`no node has become the HA master within ${MASTER_PATIENCE_MS / 1000} s`, {
      hint: `brownout lab shell proxmox ${first} -- cat /var/log/pve.log`,
    });
  }
}

/** What a cluster has from its making on: its authority's certificate among its files, and somebody who may do everything. */
async function admitOperator(socket: string): Promise<void> {
  const { ca, user, password, token, tokenSecret } = access(FOLDERS.config);
  const [content, word, secret] = await Promise.all(
    [ca, password, tokenSecret].map(async (file) => readFile(file, 'utf8')),
  );
  await askAdmin(socket, 'POST /file', JSON.stringify({ path: 'pve-root-ca.pem', content }));
  const operator: Operator = { user, password: word!.trim(), token, secret: secret!.trim() };
  await askAdmin(socket, 'POST /operator', JSON.stringify(operator));
}
