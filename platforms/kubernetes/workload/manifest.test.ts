import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OperatorError } from '../../../units/operator-error.ts';
import { addTo, type Draft, readManifest } from './manifest.ts';

const labels = { 'brownout.run': 'r1' };
const additions = { namespace: 'ns', labels, pull: 'missing' as const };
// biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came out
type Any = any;
const added = (text: string, namespaced = true, more: object = {}): Any =>
  addTo(readManifest(text)[0]!, namespaced, { ...additions, ...more });

const DEPLOYMENT = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: a, labels: { own: '1' } }
spec:
  selector: { matchLabels: { app: a } }
  template:
    metadata: { labels: { app: a } }
    spec: { containers: [{ name: a, image: x }], initContainers: [{ name: i, image: y }] }
`;

describe('a manifest', () => {
  it('is labelled with its pods, and put into the namespace; its own labels stay', () => {
    const { metadata, spec } = added(DEPLOYMENT);
    assert.deepEqual(metadata, { name: 'a', namespace: 'ns', labels: { own: '1', ...labels } });
    assert.deepEqual(spec.template.metadata.labels, { app: 'a', ...labels });
    assert.deepEqual(spec.selector.matchLabels, { app: 'a' }, 'the selector cannot be changed later');
    assert.equal(spec.template.spec.containers[0].imagePullPolicy, undefined);
  });

  it('asks no registry where there is none', () => {
    const { spec } = added(DEPLOYMENT, true, { pull: 'never' });
    const { containers, initContainers } = spec.template.spec;
    assert.deepEqual(
      [...containers, ...initContainers].map(({ imagePullPolicy }) => imagePullPolicy),
      ['Never', 'Never'],
    );
    const pod = added(
      '{ apiVersion: v1, kind: Pod, metadata: { name: p }, spec: { containers: [{ name: p }] } }',
      true,
      {
        pull: 'never',
      },
    );
    assert.equal(pod.spec.containers[0].imagePullPolicy, 'Never');
    assert.deepEqual(pod.metadata.labels, labels);
  });

  it('reaches the pods of a CronJob', () => {
    const job = added(
      '{ apiVersion: batch/v1, kind: CronJob, metadata: { name: c }, spec: { jobTemplate: { spec: { template: { spec: { containers: [{ name: c }] } } } } } }',
    );
    assert.deepEqual(job.spec.jobTemplate.spec.template.metadata.labels, labels);
  });

  it('marks what is in no namespace with the one that it was made for', () => {
    const { metadata } = added(
      '{ apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: { name: p } }',
      false,
    );
    assert.equal(metadata.namespace, undefined);
    assert.deepEqual(metadata.labels, { ...labels, 'brownout.namespace': 'ns' });
  });

  it('must not reach into another namespace', () => {
    const other = '{ apiVersion: v1, kind: ConfigMap, metadata: { name: a, namespace: default } }';
    assert.throws(() => added(other), /of namespace default, not of ns/);
  });

  it('has many documents, lists among them, and empty ones', () => {
    const list =
      '{ kind: List, items: [{ apiVersion: v1, kind: A, metadata: { name: a } }, { apiVersion: v1, kind: B, metadata: { name: b } }] }';
    const all: Draft[] = readManifest(`---\n---\n${list}\n---\n${DEPLOYMENT}\n---\n# nothing\n`);
    assert.deepEqual(
      all.map(({ kind }) => kind),
      ['A', 'B', 'Deployment'],
    );
  });

  it('is refused when it is none', () => {
    for (const text of [
      '',
      '# nothing',
      'a: [',
      'just words',
      '- a',
      'kind: Pod',
      '{ apiVersion: v1, kind: Pod, metadata: {} }',
    ]) {
      assert.throws(() => readManifest(text), OperatorError, JSON.stringify(text));
    }
  });
});
