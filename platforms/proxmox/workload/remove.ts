/** Takes a run's guests away, with all that was made for them, and waits until they are gone. */
import { OperatorError, PermanentError } from '../../../units/operator-error.ts';
import { poll } from '../../../units/until.ts';
import { isOfRun } from '../../verb.ts';
import type { Api } from '../api/api.ts';
import { type AnyGuest, configOf, kindOf, sidOf, wordOf } from '../api/guest-calls.ts';
import { finished } from '../api/tasks.ts';
import { isGone, unlessGone } from '../api/unless-gone.ts';
import { heldOf, markOf, readMark, unmarked, writtenTags } from '../state/tags.ts';
import type { View, Viewer } from '../state/view.ts';
import { LET_GO } from './ha.ts';
import { untilUnlisted } from './listed.ts';
import { changeConfig, release } from './settings.ts';

const REMOVE_TIMEOUT = 120_000;
const TASK_TIMEOUT = 60_000;
const LOOK_AGAIN = 1_000;
/** For so long nothing must be found until nothing is believed: what was begun may not show yet, and a list may lack guests for a moment. */
const SURE = 2_000;

/**
 * Gone already is success. Guests that are only marked for the run lose the marks, and stay.
 *
 * @throws {PermanentError} when there is something in the namespace that the run did not make; that is left alone
 */
export async function removeNamespace(
  api: Api,
  viewer: Viewer,
  namespace: string,
  ownRun: string | undefined,
): Promise<void> {
  const run = ownRun?.toLowerCase();
  await removeRules(api, namespace, ownRun);
  let foreign: string[] = [];
  const given = new Set<number>();
  /** What another try would not change, by the guest. */
  const stuck = new Map<number, string>();
  const began = performance.now();
  let lastSeen = began;
  const sweep = async () => {
    const view = await viewer.look();
    const found = await guestsOf(api, view, namespace);
    // Without a master nothing is ever let go of.
    const held = performance.now() - began < LET_GO ? view.services : {};
    const own = found.filter(({ vmid, run: its }) => isOfRun(its, run) && !stuck.has(vmid));
    foreign = found.filter(({ run: its }) => !isOfRun(its, run)).map(({ vmid, kind }) => `${wordOf(kind)} ${vmid}`);
    for (const { vmid, isMade } of own) if (!isMade) given.add(vmid);
    if (own.length > 0) lastSeen = performance.now();
    const left = await Promise.all(
      own.map((guest) =>
        removeGuest(api, guest, held).catch((error: unknown) => {
          if (!(error instanceof PermanentError)) throw error;
          stuck.set(guest.vmid, error.message);
          return undefined;
        }),
      ),
    );
    return left.filter((what) => what !== undefined);
  };
  const isSure = (what: string[]) => what.length === 0 && performance.now() - lastSeen >= SURE;
  const left = await poll(sweep, isSure, { timeout: REMOVE_TIMEOUT, every: LOOK_AGAIN });
  if (!isSure(left)) {
    throw new OperatorError(
      `${namespace} is not wholly removed: ${left.join('; ') || 'guests of it are listed again'}`,
      {
        hint: 'once the nodes answer again: brownout undo',
      },
    );
  }
  for (const vmid of stuck.keys()) given.delete(vmid);
  if (given.size > 0) await untilUnlisted(viewer, namespace, [...given]);
  // A group is refused as long as a resource is in it.
  await removeGroups(api, namespace, ownRun);
  if (stuck.size > 0)
    throw new PermanentError(`${namespace} is not wholly given back: ${[...stuck.values()].join('; ')}`, {
      hint: 'put it right by hand, as docs/operations.md says, and take the tags of brownout off these guests',
    });
  if (foreign.length === 0) return;
  throw new PermanentError(
    `${namespace} holds what does not carry the mark of run ${ownRun ?? '(any)'}, and is left alone: ${foreign.join(', ')}`,
    { hint: 'nothing but what the run has made is ever removed; if this is of no use, remove it by hand' },
  );
}

interface Found extends AnyGuest {
  run: string;
  tags: string | undefined;
  /** The suite made it: its description says so from its first moment. Else it is only marked. */
  isMade: boolean;
}

/**
 * By each one's own configuration: the cluster's list may be ten seconds old, names and numbers have been others' before. A clone that
 * was not wholly made has no tags yet.
 */
async function guestsOf(api: Api, { guests }: View, namespace: string): Promise<Found[]> {
  const prefix = `${namespace.replaceAll('_', '-').toLowerCase()}-`;
  // A container is never made by the suite.
  const candidates = guests.filter(
    ({ type, template, name, tags }) =>
      !template &&
      (markOf(tags)?.has(namespace) || (type === 'qemu' && (name === undefined || name.startsWith(prefix)))),
  );
  const found = await Promise.all(
    candidates.map(async ({ vmid, node, type }): Promise<Found | undefined> => {
      const kind = kindOf(type);
      const guest = kind && { node, vmid, kind };
      const config = guest && (await unlessGone(configOf(api, guest)));
      if (!config) return undefined;
      const { tags, name, description } = config;
      const written = kind === 'qemu' ? readMark(description) : undefined;
      if (written?.namespace === namespace) return { ...guest, tags, run: written.run.toLowerCase(), isMade: true };
      const mark = markOf(tags);
      if (mark?.has(namespace)) return { ...guest, tags, run: mark.run, isMade: false };
      return name?.startsWith(prefix) ? { ...guest, tags, run: '', isMade: false } : undefined;
    }),
  );
  return found.filter((guest) => guest !== undefined);
}

/**
 * One try; says what is in the way of it.
 *
 * @param held services of HA, as its master has them
 */
async function removeGuest(api: Api, found: Found, held: View['services']): Promise<string | undefined> {
  const { vmid, node, kind, tags, isMade } = found;
  try {
    if (!isMade) {
      await release(api, found, heldOf(tags));
      await changeConfig(api, found, (config) =>
        markOf(config.tags) ? writtenTags(unmarked(config.tags)) : undefined,
      );
      return undefined;
    }
    // Out of HA first: else it would be started again.
    await unlessGone(api.delete('/cluster/ha/resources/{sid}', { sid: sidOf(found) }));
    // Its master takes note in its next round. Until then an LRM starts what is stopped, and calls what is not there any more an error, which stays
    // with the number: whoever has it next would not be taken up.
    if (held[sidOf(found)] !== undefined) return `HA has not let go of guest ${vmid}`;
    const { status, lock, qmpstatus } = await api.get('/nodes/{node}/qemu/{vmid}/status/current', { node, vmid });
    if (lock !== undefined && lock !== 'suspended') return `guest ${vmid} on ${node} is locked (${lock})`;
    if (status === 'running') {
      if (qmpstatus === 'paused')
        await api.post('/nodes/{node}/qemu/{vmid}/status/resume', { node, vmid }).catch(() => undefined);
      await finished(api, await api.post('/nodes/{node}/qemu/{vmid}/status/stop', { node, vmid }), {
        timeout: TASK_TIMEOUT,
      });
    }
    const removing = { node, vmid, purge: true, 'destroy-unreferenced-disks': true };
    await finished(api, await api.delete('/nodes/{node}/qemu/{vmid}', removing), { timeout: TASK_TIMEOUT });
    return undefined;
  } catch (error) {
    if (isGone(error)) return undefined;
    if (error instanceof OperatorError && !(error instanceof PermanentError))
      return `${wordOf(kind)} ${vmid} on ${node}: ${error.message}`;
    throw error;
  }
}

/** Rules and groups by what their comment says; a rule's name says of which namespace it is. */
async function removeRules(api: Api, namespace: string, ownRun: string | undefined): Promise<void> {
  const rules = await unlessGone(api.get('/cluster/ha/rules'));
  for (const { rule, comment } of rules ?? []) {
    if (rule.startsWith(`${namespace.toLowerCase()}-`) && isOfRun(runOf(comment), ownRun)) {
      await api.delete('/cluster/ha/rules/{rule}', { rule });
    }
  }
}

async function removeGroups(api: Api, namespace: string, ownRun: string | undefined): Promise<void> {
  const groups = await unlessGone(api.get('/cluster/ha/groups'));
  for (const { group, comment } of groups ?? []) {
    if (group.startsWith(`${namespace.toLowerCase()}-`) && isOfRun(runOf(comment), ownRun)) {
      await unlessGone(api.delete('/cluster/ha/groups/{group}', { group }));
    }
  }
}

/** The run that a comment of ours names. */
export function runOf(comment: string | undefined): string | undefined {
  return /brownout\.run=(\S+)/.exec(comment ?? '')?.[1];
}
