/** One part of a guest's card or disk, changed where it is: the rest of the line stays as it is. */
import { OperatorError } from '../../../units/operator-error.ts';
import type { Api } from '../api/api.ts';
import { type AnyGuest, configOf, configure, wordOf } from '../api/guest-calls.ts';

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
  guest: AnyGuest,
  key: keyof typeof THINGS,
  parts: Record<string, string | undefined>,
): Promise<void> {
  const config = await configOf(api, guest);
  const before = config[key];
  if (before === undefined)
    throw new OperatorError(`${wordOf(guest.kind)} ${guest.vmid} on ${guest.node} has no ${THINGS[key]} ${key}`);
  const after = Object.entries(parts).reduce((line, [name, value]) => withPart(line, name, value), before);
  if (after === before) return;
  await configure(api, guest, { [key]: after, ...digestOf(config) });
}

/** Somebody else's change in between is not written over. */
const digestOf = ({ digest }: Record<string, string>) => (digest === undefined ? {} : { digest });
