import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { asksOf } from './asks.ts';

const asked = (...manifests: string[]) =>
  asksOf(manifests.join('\n---\n'), 'brownout-x').map(({ object, what, word }) => [object, word, what]);
/** A Deployment whose pods are this. */
const web = (pod: string, kind = 'Deployment') =>
  `apiVersion: apps/v1\nkind: ${kind}\nmetadata: { name: web }\nspec: { template: { spec: ${pod} } }`;
const container = (more: string) => `{ containers: [{ name: web, image: x, ${more} }] }`;

describe('what manifests ask for', () => {
  it('is nothing beyond the usual, mostly', () => {
    assert.deepEqual(
      asked(
        web(
          '{ volumes: [{ name: a, emptyDir: {} }, { name: b, configMap: { name: x } }], containers: [{ name: web, image: x, ports: [{ containerPort: 80 }], securityContext: { privileged: false, capabilities: { drop: [ALL] }, seccompProfile: { type: RuntimeDefault } } }] }',
        ),
        'apiVersion: v1\nkind: Service\nmetadata: { name: web, namespace: brownout-x }\nspec: { type: NodePort, ports: [{ port: 80, nodePort: 31000 }] }',
      ),
      [],
    );
  });

  it('the files, network and processes of a node', () => {
    assert.deepEqual(
      asked(
        web(
          '{ hostNetwork: true, hostPID: true, hostIPC: true, volumes: [{ name: d, hostPath: { path: /var/run/docker.sock } }], containers: [{ name: web, image: x, ports: [{ containerPort: 80, hostPort: 80 }] }] }',
        ),
      ),
      [
        ['Deployment web', 'host-files', 'hostPath /var/run/docker.sock'],
        ['Deployment web', 'host-network', 'hostNetwork'],
        ['Deployment web', 'host-processes', 'hostPID'],
        ['Deployment web', 'host-processes', 'hostIPC'],
        ['Deployment web', 'host-network', 'container web binds port 80 of its node'],
      ],
    );
  });

  it("somebody else's server", () => {
    const pod = '{ volumes: [{ name: d, nfs: { server: s, path: /x } }], containers: [{ name: web, image: x }] }';
    assert.deepEqual(asked(web(pod)), [['Deployment web', 'external', 'volume d is nfs']]);
  });

  it('rights over a node, of any container', () => {
    assert.deepEqual(
      asked(
        web(
          '{ securityContext: { seccompProfile: { type: Unconfined } }, initContainers: [{ name: init, image: x, securityContext: { privileged: true } }], containers: [{ name: web, image: x, securityContext: { capabilities: { add: [SYS_ADMIN] }, procMount: Unmasked, appArmorProfile: { type: Unconfined } } }] }',
        ),
      ).map(([, word, what]) => [word, what]),
      [
        ['privileged', 'its pod has no seccompProfile'],
        ['privileged', 'container web adds capabilities SYS_ADMIN'],
        ['privileged', 'container web has procMount Unmasked'],
        ['privileged', 'container web has no appArmorProfile'],
        ['privileged', 'container init is privileged'],
      ],
    );
  });

  it('wherever a pod is: by itself, in a list, in a CronJob, in a kind of somebody else', () => {
    const pod = container('securityContext: { privileged: true }');
    const found = [
      `apiVersion: v1\nkind: Pod\nmetadata: { name: web }\nspec: ${pod}`,
      `apiVersion: v1\nkind: List\nitems: [{ apiVersion: v1, kind: Pod, metadata: { name: web }, spec: ${pod} }]`,
      `apiVersion: batch/v1\nkind: CronJob\nmetadata: { name: web }\nspec: { jobTemplate: { spec: { template: { spec: ${pod} } } } }`,
      `apiVersion: example.org/v1\nkind: Game\nmetadata: { name: web }\nspec: { sets: [{ template: { spec: ${pod} } }] }`,
      web(pod, 'DaemonSet'),
    ].map((manifest) => asked(manifest).map(([, word]) => word));
    assert.deepEqual(found, Array(5).fill(['privileged']));
  });

  it('what is of everybody, or of another namespace', () => {
    const object = (apiVersion: string, kind: string) =>
      `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: { name: web }`;
    assert.deepEqual(asked(object('scheduling.k8s.io/v1', 'PriorityClass')), [
      ['PriorityClass web', 'cluster-wide', 'it is in no namespace'],
    ]);
    for (const [apiVersion, kind] of [
      ['rbac.authorization.k8s.io/v1', 'ClusterRole'],
      ['rbac.authorization.k8s.io/v1', 'ClusterRoleBinding'],
      ['apiextensions.k8s.io/v1', 'CustomResourceDefinition'],
      ['admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration'],
      ['v1', 'PersistentVolume'],
      ['v1', 'Namespace'],
    ] as const) {
      const [[name, word, what]] = asked(object(apiVersion, kind)) as [[string, unknown, string]];
      assert.deepEqual([name, word], [`${kind} web`, undefined]);
      assert.match(what, /would outlive the run/);
    }
    assert.deepEqual(asked('apiVersion: v1\nkind: ConfigMap\nmetadata: { name: web, namespace: kube-system }'), [
      ['ConfigMap web', undefined, "it is of namespace kube-system, not of the run's"],
    ]);
  });
});
