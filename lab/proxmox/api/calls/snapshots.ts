/** Snapshots: the lab's storage makes none, so there are none but what a guest is now. */
import { digestOf } from '../../config/sections.ts';
import { isRunning, PENDING } from '../guest-actions.ts';
import { failed } from '../refusal.ts';
import { checkUnlocked, type Handler, type Handlers, type Request, readGuest } from '../world.ts';

async function list({ world, params }: Request) {
  const vmid = Number(params.vmid);
  const { text } = await readGuest(world, world.node, vmid);
  const running = Number(isRunning(world, vmid));
  return [{ name: 'current', description: 'You are here!', digest: digestOf(text), running }];
}

/** The task fails, as it does with Proxmox VE where a storage cannot or a snapshot is not there. */
const fails =
  (type: string, words: (name: string) => string): Handler =>
  async ({ world, params, caller }) => {
    const vmid = Number(params.vmid);
    await readGuest(world, world.node, vmid);
    return world.tasks.start(type, vmid, caller, async () => {
      const { config, snapshots } = await readGuest(world, world.node, vmid);
      const name = String(params.snapname);
      if (name === PENDING || !snapshots[name]) checkUnlocked(config);
      throw failed(words(name));
    });
  };

const unknown = (name: string) => `snapshot '${name}' does not exist`;

async function config({ params }: Request): Promise<never> {
  throw failed(unknown(String(params.snapname)));
}

export const snapshotCalls: Handlers = {
  'GET /nodes/{node}/qemu/{vmid}/snapshot': list,
  'POST /nodes/{node}/qemu/{vmid}/snapshot': fails('qmsnapshot', () => 'snapshot feature is not available'),
  'DELETE /nodes/{node}/qemu/{vmid}/snapshot/{snapname}': fails('qmdelsnapshot', unknown),
  'GET /nodes/{node}/qemu/{vmid}/snapshot/{snapname}/config': config,
  'POST /nodes/{node}/qemu/{vmid}/snapshot/{snapname}/rollback': fails('qmrollback', unknown),
};
