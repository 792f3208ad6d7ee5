/** What keeps a namespace that is being removed: which objects are still there, and what holds each. */
import { few } from '../../../units/words.ts';
import type { Api } from '../api/api.ts';
import { ApiError } from '../api/api-error.ts';
import {
  type Condition,
  EVENTS,
  type KubeObject,
  type NamespaceObject,
  PODS,
  type Pod,
  type Resource,
} from '../api/objects.ts';
import { nodesThatAnswer } from '../state/nodes.ts';

export interface Remains {
  /** One line each. */
  lines: string[];
  /** Changes whenever one of the objects does. */
  versions: string;
  /**
   * Somebody else's finalizers hold them, and nothing but their owner takes those off. False while something has only to end, or
   * may not be looked at.
   */
  isHeld: boolean;
  /** A command that takes the finalizers off the first that is held. */
  release: string | undefined;
}

interface Remnant {
  /** As kubectl says it: `pods/front-1`. */
  what: string;
  version: string;
  finalizers: string[];
  /** What else there is to say of it. */
  why: string[];
}

/**
 * @param every also what is held of kinds whose turn has not come: pods are removed first, and until they are gone the namespace
 *   tells of nothing else. Asks for every kind that there is
 */
export async function remainsOf(api: Api, namespace: NamespaceObject, every = false): Promise<Remains> {
  const { name, finalizers = [], resourceVersion = '' } = namespace.metadata;
  const conditions = (namespace.status?.conditions ?? []).filter(({ status }) => status === 'True');
  const kinds = kindsIn(conditions);
  const [pods, others, waiting] = await Promise.all([
    podsIn(api, name),
    Promise.all(kinds.filter(({ plural }) => plural !== PODS.plural).map((kind) => objectsOf(api, name, kind))),
    every ? heldIn(api, name, kinds) : [],
  ]);
  const found: Remnant[] = [...pods.map(({ remnant }) => remnant), ...others.flatMap(({ found }) => found), ...waiting];
  for (const remnant of found) {
    const claim = /^persistentvolumeclaims\/(.*)$/.exec(remnant.what)?.[1];
    const users = pods.filter(({ claims }) => claim !== undefined && claims.includes(claim));
    if (users.length > 0) remnant.why.push(`used by ${few(users.map(({ remnant: { what } }) => what))}`);
  }
  if (finalizers.length > 0) {
    found.push({ what: `namespaces/${name}`, version: resourceVersion, finalizers, why: [] });
  }
  const failures = conditions.filter(({ type }) => FAILURES.includes(type)).map(({ message = '' }) => message);
  const unseen = others.flatMap(({ unseen }) => unseen ?? []);
  const held = found.find((each) => each.finalizers.some(isForeign));
  return {
    lines: [...found.map(describe), ...unseen, ...failures],
    versions: [...found.map(({ what, version }) => `${what} ${version}`), ...unseen, ...failures].join('\n'),
    isHeld: held !== undefined && unseen.length === 0 && found.every((each) => each.finalizers.length > 0),
    release: held && releaseOf(name, held),
  };
}

/** Conditions of a namespace that say why its controller gets no further; the two others say what remains. */
const FAILURES = [
  'NamespaceDeletionDiscoveryFailure',
  'NamespaceDeletionContentFailure',
  'NamespaceDeletionGroupVersionParsingFailure',
];

/** Kubernetes takes its own off by itself, soon after what they wait for. */
const isForeign = (finalizer: string) =>
  !/^(foregroundDeletion|orphan|kubernetes)$/.test(finalizer) && !/^([\w.-]+\.)?kubernetes\.io\//.test(finalizer);

function describe({ what, finalizers, why }: Remnant): string {
  const held =
    finalizers.length > 0 ? [`${finalizers.length > 1 ? 'finalizers' : 'finalizer'} ${finalizers.join(', ')}`] : [];
  const words = [...held, ...why];
  return words.length > 0 ? `${what} (${words.join('; ')})` : what;
}

function releaseOf(namespace: string, { what }: Remnant): string {
  const [kind, name] = what.split('/') as [string, string];
  const where = kind === 'namespaces' ? '' : ` --namespace ${namespace}`;
  return `kubectl${where} patch ${kind} ${name} --type=merge --patch '{"metadata":{"finalizers":null}}'`;
}

interface Kind {
  group: string;
  plural: string;
  count: string;
}

/** `Some resources are remaining: pods. has 2 resource instances, widgets.example.org has 1 resource instances`. */
function kindsIn(conditions: Condition[]): Kind[] {
  const { message = '' } = conditions.find(({ type }) => type === 'NamespaceContentRemaining') ?? {};
  return [...message.matchAll(/([\w-]+)\.([\w.-]*) has (\d+) resource instances/g)].map(
    ([, plural = '', group = '', count = '']) => ({ group, plural, count }),
  );
}

async function objectsOf(api: Api, namespace: string, kind: Kind): Promise<{ found: Remnant[]; unseen?: string }> {
  const full = fullName(kind);
  try {
    const objects = await api.listMetadata(await resourceOf(api, kind), { namespace });
    return { found: objects.map((object) => remnantOf(full, object)) };
  } catch (error) {
    if (!(error instanceof ApiError) || error.status === undefined) throw error;
    return { found: [], unseen: `${kind.count} ${full} (the suite's account may not list them)` };
  }
}

interface Discovered {
  name: string;
  namespaced: boolean;
  verbs: string[];
}

/** Objects with finalizers, of every kind but these; what may not be listed is left out. */
async function heldIn(api: Api, namespace: string, but: Kind[]): Promise<Remnant[]> {
  const nothing = () => [];
  const resources = async (group: string, version: string) => {
    const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
    const { resources } = await api.get<{ resources: Discovered[] }>(path);
    return resources
      .filter(
        ({ name, namespaced, verbs }) =>
          namespaced && verbs.includes('list') && verbs.includes('delete') && !name.includes('/'),
      )
      .map(({ name }): Resource => ({ group, version, plural: name, namespaced: true }));
  };
  const { groups } = await api.get<{ groups: { name: string; preferredVersion: { version: string } }[] }>('/apis');
  const kinds = await Promise.all([
    resources('', 'v1').catch(nothing),
    ...groups.map(({ name, preferredVersion: { version } }) => resources(name, version).catch(nothing)),
  ]);
  const others = kinds.flat().filter(({ group, plural }) => {
    return (
      plural !== PODS.plural &&
      plural !== EVENTS.plural &&
      !but.some((kind) => kind.group === group && kind.plural === plural)
    );
  });
  const found = await Promise.all(
    others.map(async (resource) => {
      const objects = await api.listMetadata(resource, { namespace }).catch(nothing);
      return objects.map((object) => remnantOf(fullName(resource), object));
    }),
  );
  return found.flat().filter(({ finalizers }) => finalizers.length > 0);
}

const fullName = ({ group, plural }: { group: string; plural: string }) =>
  group === '' ? plural : `${plural}.${group}`;

async function resourceOf(api: Api, { group, plural }: Kind): Promise<Resource> {
  if (group === '') return { group, version: 'v1', plural, namespaced: true };
  const { preferredVersion } = await api.get<{ preferredVersion: { version: string } }>(`/apis/${group}`);
  return { group, version: preferredVersion.version, plural, namespaced: true };
}

const remnantOf = (kind: string, { metadata }: KubeObject): Remnant => ({
  what: `${kind}/${metadata.name}`,
  version: metadata.resourceVersion ?? '',
  finalizers: metadata.finalizers ?? [],
  why: [],
});

async function podsIn(api: Api, namespace: string): Promise<{ remnant: Remnant; claims: string[] }[]> {
  const [{ items: pods }, answering] = await Promise.all([api.list<Pod>(PODS, { namespace }), nodesThatAnswer(api)]);
  return pods.map((pod) => {
    const { nodeName, volumes = [] } = pod.spec;
    const remnant = remnantOf('pods', pod);
    if (nodeName !== undefined && !answering.has(nodeName)) {
      remnant.why.push(`its node ${nodeName} does not answer, and must confirm its end`);
    }
    return { remnant, claims: volumes.flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? []) };
  });
}
