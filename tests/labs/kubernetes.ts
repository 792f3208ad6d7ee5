/** What the tests on the lab's Kubernetes share: the lab itself, a small workload, and an account with few rights. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { loadCluster } from '../../clusters/load.ts';
import { kubernetesUp } from '../../lab/kubernetes/up.ts';
import { Api } from '../../platforms/kubernetes/api/api.ts';
import { unlessGone } from '../../platforms/kubernetes/api/api-error.ts';
import type { KubeObject, Resource } from '../../platforms/kubernetes/api/objects.ts';
import { openReach } from '../../platforms/kubernetes/api/reach.ts';
import type { KubernetesCluster } from '../../platforms/kubernetes/cluster.ts';
import { rightsManifest } from '../../platforms/kubernetes/verbs/rights.ts';
import type { Act } from '../../platforms/platform.ts';

/** Brings the lab's Kubernetes up, or uses the one that is up already. */
export async function labCluster(): Promise<KubernetesCluster> {
  await kubernetesUp({}, (text) => console.error(text));
  return (await loadCluster(join(import.meta.dirname, '../../clusters/lab-kubernetes.yaml'))) as KubernetesCluster;
}

/** Two front ends behind a Service, with a budget that keeps one; one back end with a claim. */
const MANIFEST = `
apiVersion: v1
kind: Service
metadata: { name: front }
spec: { selector: { app: front }, ports: [{ port: 80 }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: front }
spec:
  replicas: 2
  selector: { matchLabels: { app: front } }
  template:
    metadata: { labels: { app: front } }
    spec:
      terminationGracePeriodSeconds: 2
      topologySpreadConstraints:
        - { maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule, labelSelector: { matchLabels: { app: front } }, matchLabelKeys: [pod-template-hash] }
      containers:
        - name: front
          image: brownout/tools:lab
          command: [python3, -m, http.server, '80']
          readinessProbe: { httpGet: { port: 80 }, periodSeconds: 1 }
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: keep-one }
spec: { minAvailable: 1, selector: { matchLabels: { app: front } } }
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: back }
spec:
  replicas: 1
  serviceName: back
  selector: { matchLabels: { app: back } }
  template:
    metadata: { labels: { app: back } }
    spec:
      terminationGracePeriodSeconds: 2
      containers:
        - name: back
          image: brownout/tools:lab
          command: [sleep, infinity]
          volumeMounts: [{ name: data, mountPath: /data }]
  volumeClaimTemplates:
    - metadata: { name: data }
      spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Mi } } }
`;
export const SERVICES = { front: 2, back: 1 };
export const WHOLE_TIMEOUT = 90_000;

export function deployAct(namespace: string, run: string): Act {
  return { verb: 'deploy', args: { namespace, manifest: MANIFEST, labels: { 'brownout.run': run } } };
}

/** The cluster as seen by an account that has the rights of these verbs and no others; `remove` takes it away again. */
export async function restricted(
  cluster: KubernetesCluster,
  verbs: readonly string[],
  folder: string,
): Promise<{ cluster: KubernetesCluster; remove(): Promise<void> }> {
  if (!('kubeconfig' in cluster.reach)) throw new Error('the lab is reached by a kubeconfig');
  const api = new Api(openReach(cluster.reach));
  const objects = parseAllDocuments(rightsManifest(verbs)).map((document) => document.toJS() as KubeObject);
  await applyAll(api, objects);
  const account = objects.find(({ kind }) => kind === 'ServiceAccount')!;
  const { status } = await api.create<{ status: { token: string } }>(
    resourceOf(account),
    { ...place(account), subresource: 'token' },
    { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } },
  );
  const config = JSON.parse(await readFile(cluster.reach.kubeconfig, 'utf8'));
  config.users = [{ name: config.users[0].name, user: { token: status.token } }];
  const kubeconfig = join(folder, 'restricted.json');
  await writeFile(kubeconfig, JSON.stringify(config), { mode: 0o600 });
  return {
    cluster: { ...cluster, reach: { kubeconfig, context: cluster.reach.context } },
    async remove() {
      await deleteAll(api, objects);
      api.close();
    },
  };
}

const place = ({ metadata: { name, namespace } }: KubeObject) => ({ name, namespace });

export async function applyAll(api: Api, objects: KubeObject[]): Promise<void> {
  for (const object of objects) await api.apply(resourceOf(object), place(object), object);
}

export async function deleteAll(api: Api, objects: KubeObject[]): Promise<void> {
  for (const object of objects.toReversed()) await unlessGone(api.delete(resourceOf(object), place(object)));
}

function resourceOf({ apiVersion, kind, metadata }: KubeObject): Resource {
  const [version, group = ''] = (apiVersion ?? '').split('/').reverse() as [string, string?];
  return { group, version, plural: `${kind!.toLowerCase()}s`, namespaced: metadata.namespace !== undefined };
}
