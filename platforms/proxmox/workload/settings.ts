/** One part of a guest's card or disk, changed where it is: the rest of the line stays as it is. */
import { OperatorError } from '../../../units/operator-error.ts';
import type { Guest } from '../acts/agent.ts';
import type { Api } from '../api/api.ts';

/** A line such as `virtio=BC:24:11:…,bridge=vmbr0,link_down=1` with this part set, or without it. */
function withPart(line: string, name: string, value: string | undefined): string {
  const others = line.split(',').filter((part) => !part.startsWith(`${name}=`));
  return [...others, ...(value === undefined ? [] : [`${name}=${value}`])].join(',');
}

export async function setNet(api: Api, guest: Guest, name: string, value: string | undefined): Promise<void> {
  const { node, vmid } = guest;
  const config = await api.get('/nodes/{node}/qemu/{vmid}/config', { node, vmid });
  if (config.net0 === undefined) throw new OperatorError(`guest ${vmid} on ${node} has no card net0`);
  const net0 = withPart(config.net0, name, value);
  if (net0 === config.net0) return;
  await api.put('/nodes/{node}/qemu/{vmid}/config', { node, vmid, net0, ...digestOf(config) });
}

export async function setDrive(api: Api, guest: Guest, parts: Record<string, number | undefined>): Promise<void> {
  const { node, vmid } = guest;
  const config = await api.get('/nodes/{node}/qemu/{vmid}/config', { node, vmid });
  if (config.scsi0 === undefined) throw new OperatorError(`guest ${vmid} on ${node} has no disk scsi0`);
  let scsi0 = config.scsi0;
  for (const [name, value] of Object.entries(parts))
    scsi0 = withPart(scsi0, name, value === undefined ? undefined : String(value));
  if (scsi0 === config.scsi0) return;
  await api.put('/nodes/{node}/qemu/{vmid}/config', { node, vmid, scsi0, ...digestOf(config) });
}

/** Somebody else's change in between is not written over. */
const digestOf = ({ digest }: Record<string, string>) => (digest === undefined ? {} : { digest });
