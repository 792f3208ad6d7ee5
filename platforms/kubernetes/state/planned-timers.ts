/** The timers that services will have, from their manifest: what `serviceTimers` reads of their pods once they are deployed. */
import type { Timer } from '../../platform.ts';
import type { Pod } from '../api/objects.ts';
import { type Draft, readManifest } from '../workload/manifest.ts';
import { serviceTimers } from './timers.ts';

/** Controllers whose pods have a life of their own, each made anew for as long as it is there. */
const CONTROLLERS = new Set(['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet']);
const UNREACHABLE = 'node.kubernetes.io/unreachable';

/** Before the cluster's own, which say what the API server gives a pod that has no toleration. */
export function plannedTimers(manifest: string, timers: readonly Timer[]): Timer[] {
  const toleration = timers.find(({ name }) => name === 'toleration');
  const drafts = readManifest(manifest).filter(({ kind }) => CONTROLLERS.has(kind));
  return [...serviceTimers(drafts.flatMap((draft) => podOf(draft, toleration) ?? [])), ...timers];
}

/** The pod that the controller would make, as far as timers are read of it. */
function podOf(draft: Draft, toleration: Timer | undefined): Pod | undefined {
  const { kind, metadata, spec } = draft as Draft & { spec?: { template?: Partial<Pod> } };
  const { template } = spec ?? {};
  if (!template?.spec?.containers) return undefined;
  const own = template.spec.tolerations ?? [];
  // A DaemonSet's pods tolerate it for ever, as do those that tolerate everything.
  const isTolerated =
    kind === 'DaemonSet' || own.some(({ key }) => key === undefined || key === '' || key === UNREACHABLE);
  const tolerations =
    isTolerated || !toleration ? own : [...own, { key: UNREACHABLE, tolerationSeconds: toleration.ms / 1000 }];
  return {
    metadata: { name: metadata.name, ...template.metadata, ownerReferences: [{ kind, name: metadata.name }] },
    spec: { ...template.spec, tolerations },
    status: {},
  };
}
