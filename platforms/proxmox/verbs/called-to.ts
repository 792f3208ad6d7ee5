import { OperatorError } from '../../../units/operator-error.ts';
import { type AnyGuest, sidOf, wordOf } from '../api/guest-calls.ts';
import { finished } from '../api/tasks.ts';
import { isOnline, type View } from '../state/view.ts';
import type { ProxmoxContext } from './entry.ts';

/**
 * Has a guest moved to another node. What is asked of HA is only a request: whether it moves is for whoever looks. One outside HA has moved when this
 * resolves.
 *
 * @param timeout for that, ms: all of its memory goes over the network
 */
export async function calledTo(
  { api }: ProxmoxContext,
  guest: AnyGuest,
  target: string,
  how: 'migrate' | 'relocate',
  view: View,
  timeout: number,
): Promise<void> {
  const { node, vmid } = guest;
  const { services, nodes } = view;
  if (!isOnline(view, target)) {
    throw new OperatorError(`guest ${vmid} cannot move to ${target}: there is no such node, or it is offline`, {
      hint: `nodes: ${nodes.map(({ name, online }) => `${name}${online ? '' : ' (offline)'}`).join(', ')}`,
    });
  }
  const sid = sidOf(guest);
  if (services[sid] !== undefined) {
    const asks = { sid, node: target };
    if (how === 'migrate') await api.post('/cluster/ha/resources/{sid}/migrate', asks);
    else await api.post('/cluster/ha/resources/{sid}/relocate', asks);
    return;
  }
  if (how === 'relocate') {
    throw new OperatorError(`${wordOf(guest.kind)} ${vmid} is no HA resource, and only those can be relocated`, {
      hint: guest.kind === 'lxc' ? `put it under HA: ha-manager add ${sid}` : 'migrate it',
    });
  }
  const upid = await api.post('/nodes/{node}/qemu/{vmid}/migrate', { node, vmid, target, online: true });
  await finished(api, upid, { timeout });
}
