/** One part of a guest's card or disk, changed where it is: the rest of the line stays as it is. */
import { OperatorError } from '../../../units/operator-error.ts';
import type { Guest } from '../acts/agent.ts';
import type { Api } from '../api/api.ts';
import { ApiError } from '../api/api-error.ts';

/** A line such as `virtio=BC:24:11:…,bridge=vmbr0,link_down=1` with this part set, or without it. */
function withPart(line: string, name: string, value: string | undefined): string {
  const others = line.split(',').filter((part) => !part.startsWith(`${name}=`));
  return [...others, ...(value === undefined ? [] : [`${name}=${value}`])].join(',');
}

/** What a guest has one of, as its configuration calls it. */
const THINGS = { net0: 'card', scsi0: 'disk' } as const;

/** @param parts those that are undefined are taken off */
export async function setParts(
  api: Api,
  guest: Guest,
  key: keyof typeof THINGS,
  parts: Record<string, string | undefined>,
): Promise<void> {
  await changeConfig(api, guest, ({ [key]: before }) => {
    if (before === undefined)
      throw new OperatorError(`guest ${guest.vmid} on ${guest.node} has no ${THINGS[key]} ${key}`);
    const after = Object.entries(parts).reduce((line, [name, value]) => withPart(line, name, value), before);
    return after === before ? undefined : { [key]: after };
  });
}

/** Somebody may have been faster so often. */
const TRIES = 5;

/**
 * Reads, changes and writes what nobody else has written meanwhile; again when somebody has, be it this change itself, whose answer was lost.
 *
 * @param change undefined when all is as it is to be
 */
export async function changeConfig(
  api: Api,
  { node, vmid }: Guest,
  change: (config: Record<string, string>) => Record<string, string> | undefined,
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const config = await api.get('/nodes/{node}/qemu/{vmid}/config', { node, vmid });
    const changed = change(config);
    if (!changed) return;
    const { digest } = config;
    try {
      return await api.put('/nodes/{node}/qemu/{vmid}/config', {
        node,
        vmid,
        ...changed,
        ...(digest === undefined ? {} : { digest }),
      });
    } catch (error) {
      if (tries === TRIES || !(error instanceof ApiError && error.trouble === 'modified')) throw error;
    }
  }
}
