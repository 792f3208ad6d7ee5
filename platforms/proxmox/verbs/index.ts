/** All that can be done to a cluster, and asked of it: one typed entry each. */
import { z } from 'zod';
import { isPermanent, OperatorError, PermanentError } from '../../../units/operator-error.ts';
import type { Act, Json, Query } from '../../platform.ts';
import {
  entryOf,
  namespace,
  type Question,
  readArguments,
  subjectOf,
  text,
  textByName,
  type Verb,
} from '../../verb.ts';
import { releaseLock, renewLock, takeLock } from '../acts/lock.ts';
import { ApiError } from '../api/api-error.ts';
import { deploy } from '../workload/deploy.ts';
import { removeNamespace } from '../workload/remove.ts';
import { onCluster, onGuests, POOLS, type ProxmoxContext, type Right, undo, verb } from './entry.ts';
import { memberQueries, memberVerbs } from './members.ts';
import { moveVerbs } from './moves.ts';
import { nodeQueries, nodeVerbs } from './nodes.ts';

const CREATE: Right[] = [
  onGuests(
    ...[
      'VM.Allocate',
      'VM.Clone',
      'VM.Config.CDROM',
      'VM.Config.CPU',
      'VM.Config.Cloudinit',
      'VM.Config.Disk',
      'VM.Config.HWType',
    ],
    ...['VM.Config.Memory', 'VM.Config.Network', 'VM.Config.Options', 'VM.GuestAgent.Unrestricted', 'VM.PowerMgmt'],
  ),
  { path: '/storage', privileges: ['Datastore.AllocateSpace', 'Datastore.Audit'] },
  { path: '/sdn', privileges: ['SDN.Use'] },
  onCluster('Sys.Audit', 'Sys.Console'),
];
const REMOVE: Right[] = [
  onGuests('VM.Allocate', 'VM.Audit', 'VM.Config.Options', 'VM.PowerMgmt'),
  onCluster('Sys.Console'),
];

const DEPLOYMENT = { namespace, manifest: text, labels: textByName };
const make = async ({ api, viewer, cluster, tell }: ProxmoxContext, request: Parameters<typeof deploy>[3]) => {
  await deploy(api, viewer, cluster, request, tell);
  return undefined;
};

export const verbs: Record<string, Verb<ProxmoxContext, Right>> = {
  deploy: verb(DEPLOYMENT, CREATE, make),
  'neighbour.deploy': verb(
    { ...DEPLOYMENT, neighbour: z.object({ namespace, service: text }).optional() },
    CREATE,
    make,
  ),

  remove: undo({ namespace }, REMOVE, async ({ api, viewer }, { namespace: name }, ownRun) => {
    await removeNamespace(api, viewer, name, ownRun);
    return undefined;
  }),

  ...memberVerbs,
  ...moveVerbs,
  ...nodeVerbs,

  /** → { held, holder? }. `owner`: see ../../owner.ts. */
  'lock.take': verb({ run: text, owner: text }, [POOLS], async ({ api }, { run, owner }) => ({
    ...(await takeLock(api, run, owner)),
  })),

  /** → { held, holder? } */
  'lock.renew': verb({ run: text, owner: text }, [POOLS], async ({ api }, { run, owner }) => ({
    ...(await renewLock(api, run, owner)),
  })),

  'lock.release': undo({ run: text }, [POOLS], async ({ api }, { run }) => {
    await releaseLock(api, run);
    return undefined;
  }),
};

export const queries: Record<string, Question<ProxmoxContext, Right>> = { ...memberQueries, ...nodeQueries };

const A_CLUSTER = 'a Proxmox cluster';

/** Verbs and queries that this cluster file offers a way to. */
export function offered<Entry extends { rights: readonly Right[] }>(
  entries: Readonly<Record<string, Entry>>,
  { ssh }: ProxmoxContext['cluster'],
): Record<string, Entry> {
  return Object.fromEntries(
    Object.entries(entries).filter(([, { rights }]) => ssh !== undefined || !rights.includes('ssh')),
  );
}

export async function performOnProxmox(context: ProxmoxContext, act: Act, ownRun: string | undefined): Promise<Json> {
  const entry = entryOf(verbs, act.verb, A_CLUSTER);
  const args = readArguments(entry, act, context.cluster.allow);
  return explained(act, () => entry.perform(context, args, ownRun));
}

export async function askProxmox(context: ProxmoxContext, query: Query): Promise<Json> {
  const entry = entryOf(queries, query.verb, A_CLUSTER);
  const args = readArguments(entry, query, context.cluster.allow);
  return explained(query, () => entry.ask(context, args));
}

/** What nothing but a change of files or rights would mend. */
const FOR_GOOD = ['unauthenticated', 'forbidden', 'bad-parameter', 'not-implemented', 'untrusted'];

async function explained(what: Act | Query, work: () => Promise<Json | undefined>): Promise<Json> {
  try {
    return (await work()) ?? null;
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    const isForGood = isPermanent(error) || (error instanceof ApiError && FOR_GOOD.includes(error.trouble));
    const Failure = isForGood ? PermanentError : OperatorError;
    throw new Failure(`${what.verb} ${subjectOf(what)}: ${error.message}`, { hint: error.hint, cause: error });
  }
}
