/** Guests that are there already, used instead of new ones: marked for the run, and nothing is installed in them. */
import { OperatorError } from '../../../units/operator-error.ts';
import type { Use } from '../../platform.ts';
import type { Api } from '../api/api.ts';
import { LOCKED } from '../api/api-error.ts';
import { type AnyGuest, configOf, kindOf, statusOf, wordOf } from '../api/guest-calls.ts';
import { markOf, splitTags, tagsOf } from '../state/tags.ts';
import { isThere, type View, type Viewer } from '../state/view.ts';
import { CONTAINERS_CANNOT } from '../verbs/containers.ts';
import { untilListed } from './listed.ts';
import type { Manifest } from './manifest.ts';
import { changeConfig } from './settings.ts';

/** One that may be used. */
export interface Adopted extends AnyGuest {
  name: string;
  services: string[];
}

/** Throws OperatorError where one cannot be used: it is not there, locked, in use by another run, or not running. */
export async function findAdopted(
  api: Api,
  byService: Record<string, number[]>,
  view: View,
  manifest: Manifest,
  run: string,
): Promise<Adopted[]> {
  const wanted = Object.values(manifest.guests).flatMap(({ parts }) => Object.keys(parts));
  const missing = wanted.filter((service) => !byService[service]);
  if (missing.length > 0) {
    throw new OperatorError(`\`guests\` in the cluster file names none for ${missing.join(', ')}`, {
      hint: `the workload has these services: ${wanted.join(', ')}`,
    });
  }
  const services = Map.groupBy(
    wanted.flatMap((service) => byService[service]!.map((vmid) => ({ service, vmid }))),
    ({ vmid }) => vmid,
  );
  return Promise.all(
    [...services].map(([vmid, uses]) =>
      findOne(
        api,
        view,
        vmid,
        uses.map(({ service }) => service),
        run,
      ),
    ),
  );
}

async function findOne(api: Api, view: View, vmid: number, services: string[], run: string): Promise<Adopted> {
  const row = view.guests.find((guest) => guest.vmid === vmid);
  const kind = row && kindOf(row.type);
  const cannot = (why: string, hint: string) => new OperatorError(why, { hint });
  if (!kind) {
    throw cannot(
      `there is no guest ${vmid}, which \`guests\` in the cluster file names for ${services.join(', ')}, or the suite's account may not see it`,
      `the account needs VM.Audit on /vms/${vmid}`,
    );
  }
  const { node, name = '' } = row;
  const guest = { node, vmid, kind };
  const what = wordsOf({ ...guest, name });
  if (row.template) throw cannot(`${what} is a template`, 'name a guest that runs under `guests` in the cluster file');
  if (!isThere(view.nodes.find((each) => each.name === node))) {
    throw cannot(`${what} cannot be used: its node is not there`, 'bring the node back first');
  }
  const [{ tags }, { status, lock }] = await Promise.all([configOf(api, guest), statusOf(api, guest)]);
  if (lock !== undefined) throw cannot(`${what} is locked (${lock})`, LOCKED);
  if (status !== 'running')
    throw cannot(`${what} does not run (${status})`, `on ${node}: ${kind === 'lxc' ? 'pct' : 'qm'} start ${vmid}`);
  refuseInUse(tags, what, run);
  return { ...guest, name, services };
}

function refuseInUse(tags: string | undefined, what: string, run: string): void {
  const mark = markOf(tags);
  if (!mark || mark.run === run.toLowerCase()) return;
  throw new OperatorError(`${what} is in use by run ${mark.run}`, {
    hint: 'wait for that run to end; if it is dead: brownout undo',
  });
}

const wordsOf = ({ kind, vmid, name, node }: Omit<Adopted, 'services'>) =>
  `${wordOf(kind)} ${vmid} (${name}) on ${node}`;

export async function adopt(
  api: Api,
  viewer: Viewer,
  guests: Adopted[],
  namespace: string,
  run: string,
): Promise<void> {
  for (const guest of guests) {
    const marks = tagsOf({ namespace, services: guest.services, run });
    await changeConfig(api, guest, ({ tags }) => {
      // Another run may have been faster.
      refuseInUse(tags, wordsOf(guest), run);
      const own = splitTags(tags);
      const both = [...new Set([...own, ...marks])];
      return both.length === own.length ? undefined : { tags: both.join(';') };
    });
  }
  await untilListed(viewer, namespace, guests);
}

/** Throws OperatorError where a fault may hit a container that cannot suffer it. */
export function refuseUses(guests: Adopted[], uses: readonly Use[]): void {
  const refused = uses.flatMap(({ fault, needs, services }) => {
    const why = needs.map((verb) => CONTAINERS_CANNOT[verb]).find((words) => words !== undefined);
    const hit = guests.filter(
      (guest) => guest.kind === 'lxc' && guest.services.some((name) => services.includes(name)),
    );
    return why === undefined ? [] : hit.map(({ vmid, node }) => `${fault} on container ${vmid} on ${node}: ${why}`);
  });
  if (refused.length === 0) return;
  throw new OperatorError(refused.join('; '), {
    hint: 'aim it at a service of virtual machines, or choose another fault; docs/faults.md says what containers can suffer',
  });
}
