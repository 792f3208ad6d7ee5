/** What the suite adds to a user's manifests before they are applied. */
import { parseAllDocuments } from 'yaml';
import { manifestYaml } from '../../../units/octal.ts';
import { OperatorError } from '../../../units/operator-error.ts';
import { type KubeObject, type Labels, NAMESPACE_LABEL } from '../api/objects.ts';

export type Part = Record<string, unknown>;

/** An object of a manifest, not applied yet. */
export interface Draft extends KubeObject {
  apiVersion: string;
  kind: string;
}

export interface Additions {
  namespace: string;
  labels: Labels;
  pull: 'missing' | 'never';
}

/** Every object of a multi-document file; lists (`kind: List`) are opened. Throws OperatorError. */
export function readManifest(text: string): Draft[] {
  const drafts = parseAllDocuments(text, manifestYaml).flatMap((document) => {
    const [error] = document.errors;
    if (error) throw new OperatorError(`the manifest is not valid YAML: ${error.message}`, { cause: error });
    const value: unknown = document.toJS();
    if (value === null || value === undefined) return [];
    return isPart(value) && value.kind === 'List' && Array.isArray(value.items) ? value.items : [value];
  });
  if (drafts.length === 0) throw new OperatorError('the manifest has no objects');
  for (const [index, draft] of drafts.entries()) {
    if (isDraft(draft)) continue;
    throw new OperatorError(`object ${index + 1} of the manifest is none that Kubernetes knows`, {
      hint: 'expected apiVersion, kind and metadata.name',
    });
  }
  return drafts;
}

function isDraft(value: unknown): value is Draft {
  if (!isPart(value) || !isPart(value.metadata)) return false;
  return [value.apiVersion, value.kind, value.metadata.name].every((word) => typeof word === 'string' && word !== '');
}

/**
 * An object with the labels of the run, in the run's namespace; so are the pods that it makes. An object of another namespace
 * is refused. Claims of a StatefulSet carry the labels too: they outlive it.
 */
export function addTo(draft: Draft, namespaced: boolean, { namespace, labels, pull }: Additions): Draft {
  const own = draft.metadata.namespace;
  if (namespaced && own !== undefined && own !== namespace) {
    throw new OperatorError(`${draft.kind} ${draft.metadata.name} is of namespace ${own}, not of ${namespace}`, {
      hint: 'leave the namespace out of the manifest: the suite fills it in',
    });
  }
  const metadata = {
    ...draft.metadata,
    ...(namespaced ? { namespace } : {}),
    // What is in no namespace must be found when the run's namespace is removed.
    labels: { ...draft.metadata.labels, ...labels, ...(namespaced ? {} : { [NAMESPACE_LABEL]: namespace }) },
  };
  const labelled = { ...draft, metadata };
  return withPods(labelled, (template, isPod) => {
    const spec = asPart(template.spec);
    const changed = { ...spec, ...eachContainer(spec, pull) };
    if (isPod) return { ...template, spec: changed };
    const inner = asPart(template.metadata);
    return { ...template, metadata: { ...inner, labels: { ...asPart(inner.labels), ...labels } }, spec: changed };
  });
}

function eachContainer(spec: Part, pull: Additions['pull']): Part {
  if (pull !== 'never') return {};
  const never = (list: unknown) =>
    Array.isArray(list) ? list.map((container) => ({ ...asPart(container), imagePullPolicy: 'Never' })) : undefined;
  const initContainers = never(spec.initContainers);
  return { containers: never(spec.containers) ?? [], ...(initContainers ? { initContainers } : {}) };
}

/** Changes the pod that an object is, or the template of those that it makes. */
function withPods(draft: Draft, change: (template: Part, isPod: boolean) => Part): Draft {
  if (draft.kind === 'Pod') return change(draft as unknown as Part, true) as unknown as Draft;
  const spec = asPart((draft as unknown as Part).spec);
  if (draft.kind === 'CronJob') {
    const job = asPart(spec.jobTemplate);
    const jobSpec = asPart(job.spec);
    const template = change(asPart(jobSpec.template), false);
    return { ...draft, spec: { ...spec, jobTemplate: { ...job, spec: { ...jobSpec, template } } } } as Draft;
  }
  if (!isPart(spec.template)) return draft;
  return { ...draft, spec: { ...spec, template: change(spec.template, false) } } as Draft;
}

export const isPart = (value: unknown): value is Part =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const asPart = (value: unknown): Part => (isPart(value) ? value : {});
