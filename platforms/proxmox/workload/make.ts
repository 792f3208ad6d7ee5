/** One guest, made from the template or the image, and set up as the workload and the cluster file say. */
import { OperatorError } from '../../../units/operator-error.ts';
import { sleep } from '../../../units/sleep.ts';
import type { Api } from '../api/api.ts';
import { ApiError } from '../api/api-error.ts';
import { finished } from '../api/tasks.ts';
import { unlessGone } from '../api/unless-gone.ts';
import type { ProxmoxCluster } from '../cluster.ts';
import { describeMark, type Mark, markOf, readMark, tagsOf } from '../state/tags.ts';
import type { PlannedGuest, Template } from './plan.ts';
import { type Progress, surely } from './unsure.ts';

/** A linked clone takes a second, a full copy of a disk minutes. */
const MAKE_TIMEOUT = 300_000;

export async function make(
  api: Api,
  cluster: ProxmoxCluster,
  template: Template | undefined,
  guest: PlannedGuest,
  mark: Mark,
): Promise<void> {
  const { node, vmid, name } = guest;
  const nodes = [...new Set([node, template?.node ?? node])];
  const made = () => progressOf(api, vmid, nodes, mark);
  try {
    if (template) {
      // Linked: its disk begins as the template's. The clone inherits the template's tags, and can be given none.
      const clone = {
        node: template.node,
        vmid: template.vmid,
        newid: vmid,
        name,
        description: describeMark(mark),
        full: false,
        ...(template.node === node ? {} : { target: node }),
      };
      const cloning = async () => {
        const upid = await whileLocked(() => api.post('/nodes/{node}/qemu/{vmid}/clone', clone));
        await finished(api, upid, { timeout: MAKE_TIMEOUT });
      };
      await surely(cloning, made, MAKE_TIMEOUT);
      await configure(api, cluster, guest, mark);
      return;
    }
    const { image } = cluster.from as { image: string };
    const creating = async () => {
      const upid = await api.post('/nodes/{node}/qemu', {
        node,
        vmid,
        name,
        ...settings(cluster, guest, mark),
        ostype: 'l26',
        scsihw: 'virtio-scsi-single',
        scsi0: `${cluster.storage}:0,import-from=${image}${throttle(guest)}`,
        boot: 'order=scsi0',
        ide2: `${cluster.storage}:cloudinit`,
      });
      await finished(api, upid, { timeout: MAKE_TIMEOUT });
    };
    await surely(creating, made, MAKE_TIMEOUT);
  } catch (error) {
    if (error instanceof ApiError && error.trouble === 'already-there') {
      throw new OperatorError(
        `guest ${vmid} is there already, though the suite's account does not see it: ${error.message}`,
        {
          hint: 'choose other `vmids` in the cluster file, or give the account VM.Audit on /vms',
          cause: error,
        },
      );
    }
    throw error;
  }
}

/** Of a guest that is being made: as long as that lasts it is locked, and it may be on the template's node. */
async function progressOf(api: Api, vmid: number, nodes: string[], { run }: Mark): Promise<Progress> {
  const configs = await Promise.all(
    nodes.map((node) => unlessGone(api.get('/nodes/{node}/qemu/{vmid}/config', { node, vmid }))),
  );
  const own = configs.map((config) => (readMark(config?.description)?.run === run ? config : undefined));
  if (own[0] && own[0].lock === undefined) return 'done';
  return own.some(Boolean) ? 'begun' : 'nothing';
}

/** What a clone cannot be told at once. */
async function configure(api: Api, cluster: ProxmoxCluster, guest: PlannedGuest, mark: Mark): Promise<void> {
  const { node, vmid } = guest;
  const drive = cluster.addresses === undefined ? {} : { ide2: `${cluster.storage ?? 'local'}:cloudinit` };
  const { ide2, scsi0 } = await api.get('/nodes/{node}/qemu/{vmid}/config', { node, vmid });
  const config = {
    ...settings(cluster, guest, mark),
    ...(ide2 === undefined ? drive : {}),
    ...(guest.spec.disk === undefined ? {} : { scsi0: throttled(scsi0, guest) }),
  };
  const configuring = async () => {
    const upid = await whileLocked(() => api.post('/nodes/{node}/qemu/{vmid}/config', { node, vmid, ...config }));
    if (upid !== undefined) await finished(api, upid, { timeout: MAKE_TIMEOUT });
  };
  const configured = async (): Promise<Progress> => {
    const { tags } = await api.get('/nodes/{node}/qemu/{vmid}/config', { node, vmid });
    return markOf(tags)?.has(mark.namespace) ? 'done' : 'nothing';
  };
  await surely(configuring, configured, MAKE_TIMEOUT);
}

/** As options of a drive. */
const throttle = ({ spec: { disk } }: PlannedGuest) =>
  disk === undefined ? '' : `,iops=${disk.iops},mbps=${disk.mbps}`;

function throttled(drive: string | undefined, guest: PlannedGuest): string {
  if (drive !== undefined) {
    const others = drive.split(',').filter((part) => !/^(iops|mbps)(_rd|_wr)?=/.test(part));
    return `${others.join(',')}${throttle(guest)}`;
  }
  throw new OperatorError(`guest ${guest.vmid} (${guest.name}) has no disk scsi0 that could be limited`, {
    hint: 'give the template its disk as scsi0',
  });
}

function settings(cluster: ProxmoxCluster, { spec, address }: PlannedGuest, mark: Mark) {
  const ip =
    cluster.addresses === undefined
      ? 'ip=dhcp'
      : `ip=${address}/${cluster.addresses.prefix}${cluster.gateway === undefined ? '' : `,gw=${cluster.gateway}`}`;
  return {
    description: describeMark(mark),
    tags: tagsOf(mark).join(';'),
    cores: spec.cores,
    memory: String(spec.memory),
    ...(spec.cpulimit > 0 ? { cpulimit: spec.cpulimit } : {}),
    net0: `virtio,bridge=${cluster.bridge}${cluster.vlan === undefined ? '' : `,tag=${cluster.vlan}`}${spec.rate === undefined ? '' : `,rate=${spec.rate}`}`,
    ipconfig0: ip,
    agent: '1',
    // What HA does not look after comes back with its node.
    onboot: spec.ha === undefined,
  };
}

const LOCKED_FOR = 60_000;

/** A template is locked while another clone of it begins. */
async function whileLocked<T>(work: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + LOCKED_FOR;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ApiError && error.trouble === 'locked') || performance.now() > deadline) throw error;
      await sleep(1_000);
    }
  }
}
