/** Waits for the cluster's list to know of what was changed. */
import { OperatorError } from '../../../units/operator-error.ts';
import { poll } from '../../../units/until.ts';
import { ofNamespace } from '../state/members.ts';
import type { Viewer } from '../state/view.ts';

const LISTED_WITHIN = 40_000;

/** The cluster's list is made of what nodes tell each other each ten seconds or so. */
export async function untilListed(
  viewer: Viewer,
  namespace: string,
  guests: { vmid: number; name: string }[],
): Promise<void> {
  const look = async () => {
    const listed = ofNamespace(namespace, await viewer.look());
    return guests
      .filter((guest) => !listed.some(({ vmid, name }) => vmid === guest.vmid && (name ?? '') === guest.name))
      .map(({ name }) => name);
  };
  const missing = await poll(look, (names) => names.length === 0, { timeout: LISTED_WITHIN, every: 500 });
  if (missing.length === 0) return;
  throw new OperatorError(
    `the cluster does not list ${missing.join(', ')} after ${LISTED_WITHIN / 1000} s, or not as the run's`,
    {
      hint: 'is `pvestatd` alive on the nodes?',
    },
  );
}

/** Waits until the list shows none of these as the namespace's any more; it may not, and then whoever looks next sees it. */
export async function untilUnlisted(viewer: Viewer, namespace: string, vmids: readonly number[]): Promise<void> {
  const look = async () => ofNamespace(namespace, await viewer.look()).some(({ vmid }) => vmids.includes(vmid));
  await poll(look, (isListed) => !isListed, { timeout: LISTED_WITHIN, every: 500 });
}
