import { OperatorError, PermanentError } from '../../../units/operator-error.ts';
import type { Api } from '../api/api.ts';
import { isUnknownKind, unlessGone } from '../api/api-error.ts';
import { type KubeObject, type Labels, NAMESPACES, type Resource, RUN_LABEL, UNBOUND } from '../api/objects.ts';
import { type Additions, addTo, type Draft, readManifest } from './manifest.ts';

/** Applies a manifest into a namespace of the run, which is made when it is not there. Doing it again changes what differs. */
export async function deploy(api: Api, manifest: string, additions: Additions): Promise<void> {
  const drafts = readManifest(manifest);
  const resources = await resourcesOf(api, drafts);
  await refuseUnbound(api, drafts, resources);
  await ensureNamespace(api, additions.namespace, additions.labels);
  const objects = drafts.map((draft, index) => {
    const resource = resources[index]!;
    return { resource, draft: addTo(draft, resource.namespaced, additions) };
  });
  // What others refer to by name comes first, as it stands in the file; pods would wait for it anyway.
  for (const { resource, draft } of objects) {
    await api.apply(resource, { namespace: additions.namespace, name: draft.metadata.name }, draft);
  }
}

/**
 * What is in no namespace is everybody's: only kinds that are removed with their namespace are made, and nobody else's object is
 * written over.
 */
async function refuseUnbound(api: Api, drafts: Draft[], resources: Resource[]): Promise<void> {
  for (const [index, { kind, metadata }] of drafts.entries()) {
    const resource = resources[index]!;
    if (resource.namespaced) continue;
    if (!UNBOUND.some(({ plural }) => plural === resource.plural)) {
      throw new OperatorError(`${kind} ${metadata.name} is in no namespace, and would outlive the run`, {
        hint: `make it yourself, once, and leave it out of the manifest; of such kinds the suite makes only ${UNBOUND.map(({ plural }) => plural).join(', ')}`,
      });
    }
    const found = await unlessGone(api.read<KubeObject>(resource, { name: metadata.name }));
    if (found && found.metadata.labels?.[RUN_LABEL] === undefined) {
      throw new OperatorError(`${kind} ${metadata.name} is there and was not made by the suite; it is left alone`, {
        hint: 'give it another name in the manifest',
      });
    }
  }
}

/** Makes a namespace of the run. One that is there and not the suite's is left alone. Throws OperatorError. */
export async function ensureNamespace(api: Api, namespace: string, labels: Labels): Promise<void> {
  const found = await unlessGone(api.read<KubeObject>(NAMESPACES, { name: namespace }));
  if (found && found.metadata.labels?.[RUN_LABEL] === undefined) throw notOurs(namespace);
  if (found?.metadata.deletionTimestamp !== undefined) {
    throw new OperatorError(`namespace ${namespace} is being removed`, { hint: 'wait until it is gone' });
  }
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } };
  await api.apply(NAMESPACES, { name: namespace }, body);
}

/** @param run the run that should have made it, where it must be that one */
export function notOurs(namespace: string, run = 'the suite'): PermanentError {
  return new PermanentError(`namespace ${namespace} was not made by ${run}; it is left alone`, {
    hint: `namespaces of the suite carry the label ${RUN_LABEL}`,
  });
}

export function notOursIn(namespace: string, what: string): PermanentError {
  return new PermanentError(`${what} in namespace ${namespace} was not made by this run; it is left alone`, {
    hint: `what the suite makes carries the label ${RUN_LABEL}`,
  });
}

interface ResourceList {
  resources: { name: string; kind: string; namespaced: boolean }[];
}

/** Where the API has objects of these kinds: asked once for each group. */
async function resourcesOf(api: Api, drafts: Draft[]): Promise<Resource[]> {
  const versions = [...new Set(drafts.map(({ apiVersion }) => apiVersion))];
  const lists = new Map(
    await Promise.all(versions.map(async (version) => [version, await resourceList(api, version)] as const)),
  );
  return drafts.map(({ apiVersion, kind, metadata }) => {
    const found = lists.get(apiVersion)!.resources.find((each) => each.kind === kind && !each.name.includes('/'));
    if (!found) {
      throw new OperatorError(`${kind} ${metadata.name}: the cluster has no kind ${kind} in ${apiVersion}`, {
        hint: 'is the version of the manifest one that this cluster still serves?',
      });
    }
    const [version, group = ''] = apiVersion.split('/').reverse() as [string, string?];
    return { group, version, plural: found.name, namespaced: found.namespaced };
  });
}

async function resourceList(api: Api, apiVersion: string): Promise<ResourceList> {
  const path = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  try {
    return await api.get<ResourceList>(path);
  } catch (error) {
    if (isUnknownKind(error)) return { resources: [] };
    throw error;
  }
}
