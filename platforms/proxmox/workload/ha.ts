/** Guests as HA resources, and the rules that keep some of them apart: affinity rules since PVE 9, groups before. */
import { OperatorError } from '../../../units/operator-error.ts';
import { poll } from '../../../units/until.ts';
import type { Api } from '../api/api.ts';
import { sidOf } from '../api/guest-calls.ts';
import { unlessThere } from '../api/unless-gone.ts';
import type { Viewer } from '../state/view.ts';
import type { PlannedGuest } from './plan.ts';

const TAKEN_UP = 60_000;
/** So long HA's master may take to let go of a guest, ms: a round of it takes ten seconds. */
export const LET_GO = 40_000;

/** What the suite makes are virtual machines. */
const sid = (vmid: number) => sidOf({ kind: 'qemu', vmid });

/** Waits until the CRM has taken all of them up: before that a node's death would move nothing. */
export async function manage(
  api: Api,
  viewer: Viewer,
  namespace: string,
  run: string,
  guests: PlannedGuest[],
): Promise<void> {
  const managed = guests.filter(({ spec }) => spec.ha !== undefined);
  if (managed.length === 0) return;
  await untilForgotten(viewer, managed);
  const hasRules = Number.parseInt((await api.get('/version')).version, 10) >= 9;
  const comment = `brownout.run=${run}`;
  if (!hasRules) for (const guest of managed) await makeGroup(api, viewer, guest, comment);
  for (const guest of managed) {
    const { vmid, spec } = guest;
    const { 'max-restart': max_restart, 'max-relocate': max_relocate, failback } = spec.ha!;
    const more = hasRules ? { failback } : spec.apart ? { group: guest.name } : {};
    await unlessThere(
      api.post('/cluster/ha/resources', {
        sid: sid(vmid),
        state: 'started',
        max_restart,
        max_relocate,
        comment,
        ...more,
      }),
    );
  }
  if (hasRules) {
    for (const [kind, apart] of Map.groupBy(
      managed.filter(({ spec }) => spec.apart),
      ({ kind }) => kind,
    )) {
      if (apart.length < 2) continue;
      const resources = apart.map(({ vmid }) => sid(vmid)).join(',');
      const rule = ruleName(namespace, kind);
      await unlessThere(
        api.post('/cluster/ha/rules', { rule, type: 'resource-affinity', affinity: 'negative', resources, comment }),
      );
    }
  }
  const waiting = await poll(
    async () => {
      const { services } = await viewer.look();
      return managed.filter(({ vmid }) => services[sid(vmid)]?.state !== 'started').map(({ name }) => name);
    },
    (left) => left.length === 0,
    { timeout: TAKEN_UP, every: 1_000 },
  );
  if (waiting.length === 0) return;
  throw new OperatorError(`HA has not taken up ${waiting.join(', ')} within ${TAKEN_UP / 1000} s`, {
    hint: 'is there an active master? `ha-manager status` on a node tells',
  });
}

/**
 * Waits until HA's master has forgotten whoever had these numbers before, and was removed a moment ago: added before that, they would be taken for
 * those, in whatever state they were. Goes on when it does not forget; then it does not take these up either, which is told.
 */
async function untilForgotten(viewer: Viewer, guests: PlannedGuest[]): Promise<void> {
  const isKnown = async () => {
    const { services } = await viewer.look();
    return guests.some(({ vmid }) => services[sid(vmid)] !== undefined);
  };
  await poll(isKnown, (known) => !known, { timeout: LET_GO, every: 1_000 });
}

/** A name of a rule begins with a letter. */
const ruleName = (namespace: string, kind: string) => `${namespace}-${kind}`.toLowerCase();

/** A guest that is to be apart prefers the node where it is; a group cannot say more. */
async function makeGroup(api: Api, viewer: Viewer, { name, node, spec }: PlannedGuest, comment: string): Promise<void> {
  if (!spec.apart) return;
  const { nodes } = await viewer.look();
  const weights = nodes.map((each) => `${each.name}:${each.name === node ? 2 : 1}`).join(',');
  await unlessThere(
    api.post('/cluster/ha/groups', { group: name, nodes: weights, nofailback: !spec.ha!.failback, comment }),
  );
}
