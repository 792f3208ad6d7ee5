/** Rules laid on a namespace, the cluster's name servers, and the lock. */
import { PermanentError } from '../../../units/operator-error.ts';
import { namespace, oneOf, plainName, text } from '../../verb.ts';
import { releaseLock, renewLock, takeLock } from '../acts/lock.ts';
import { restrict, rules, unrestrict } from '../acts/restrict.ts';
import { SYSTEM } from '../state/inspect.ts';
import { startNames, stopNames } from '../workload/scale.ts';
import { type Rule, undo, verb } from './entry.ts';

const LOCK: Rule[] = [
  { group: 'coordination.k8s.io', resources: ['leases'], verbs: ['get', 'create', 'update', 'delete'] },
];

const NAMES: Rule[] = [{ group: 'apps', resources: ['deployments'], verbs: ['list', 'patch'] }];

const POLICIES = { group: 'networking.k8s.io', resources: ['networkpolicies'] };

const rule = { namespace, rule: oneOf(...rules), name: plainName };

function onlyNames(namespace: string): void {
  if (namespace !== SYSTEM) throw new PermanentError(`the cluster's names are served from ${SYSTEM}`);
}

export const namespaceVerbs = {
  /** `spec` is JSON. */
  'namespace.restrict': verb(
    { ...rule, run: text, spec: text },
    [
      { resources: ['namespaces'], verbs: ['get'] },
      { resources: ['resourcequotas'], verbs: ['create', 'patch'] },
      { ...POLICIES, verbs: ['create', 'patch'] },
    ],
    async ({ api }, { namespace, spec, ...what }) => {
      await restrict(api, namespace, { ...what, spec: JSON.parse(spec) });
      return undefined;
    },
  ),

  'namespace.unrestrict': undo(
    rule,
    [
      { resources: ['resourcequotas'], verbs: ['get', 'delete'] },
      { ...POLICIES, verbs: ['get', 'delete'] },
    ],
    async ({ api }, { namespace, rule, name }, ownRun) => {
      await unrestrict(api, { namespace, name }, rule, ownRun);
      return undefined;
    },
  ),

  /** The namespace must be allowed: others use the cluster's names too. */
  'names.stop': verb({ namespace, run: text }, NAMES, async ({ api }, { namespace, run }) => {
    onlyNames(namespace);
    await stopNames(api, run);
    return undefined;
  }),

  'names.start': undo({ namespace }, NAMES, async ({ api }, { namespace }, ownRun) => {
    onlyNames(namespace);
    await startNames(api, ownRun);
    return undefined;
  }),

  /** → { held, holder? }. `owner`: see ../../owner.ts. */
  'lock.take': verb({ run: text, owner: text }, LOCK, async ({ api }, { run, owner }) => ({
    ...(await takeLock(api, run, owner)),
  })),

  /** → { held, holder? } */
  'lock.renew': verb({ run: text, owner: text }, LOCK, async ({ api }, { run, owner }) => ({
    ...(await renewLock(api, run, owner)),
  })),

  'lock.release': undo({ run: text }, LOCK, async ({ api }, { run }) => {
    await releaseLock(api, run);
    return undefined;
  }),
};
