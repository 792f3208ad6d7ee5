/** What manifests ask for beyond the usual, object by object. Nothing is sent: it is said before there is anything to lose. */
import type { Ask, AskWord } from '../../asks.ts';
import { UNBOUND } from '../api/objects.ts';
import { asPart, type Draft, isPart, type Part, readManifest } from './manifest.ts';

/** Kinds of Kubernetes' own without a namespace. Of others the API tells when they are deployed, before anything is made. */
const CLUSTER_KINDS =
  /^(Namespace|Node|PersistentVolume|CustomResourceDefinition|APIService|ComponentStatus|.*WebhookConfiguration|(Validating|Mutating)AdmissionPolicy(Binding)?|StorageClass|CSIDriver|CSINode|VolumeAttachment|VolumeAttributesClass|PriorityClass|RuntimeClass|IngressClass|GatewayClass|DeviceClass|ResourceSlice|FlowSchema|PriorityLevelConfiguration|CertificateSigningRequest|PodSecurityPolicy|IPAddress|ServiceCIDR|StorageVersion|Cluster(Role|RoleBinding|TrustBundle|Issuer|Policy))$/;

/** Throws OperatorError for a manifest that is none. */
export function asksOf(manifest: string, namespace: string): Ask[] {
  return readManifest(manifest).flatMap((draft) => {
    const object = `${draft.kind} ${draft.metadata.name}`;
    const found: [AskWord | undefined, string][] = [
      ...ofScope(draft, namespace),
      ...ofService(draft),
      ...podsIn(draft),
    ];
    return found.map(([word, what]) => ({ object, what, word }));
  });
}

type Found = [AskWord | undefined, string];

function ofScope({ kind, metadata, apiVersion }: Draft, namespace: string): Found[] {
  if (CLUSTER_KINDS.test(kind)) {
    const isMade = UNBOUND.some(({ group }) => kind === 'PriorityClass' && apiVersion.startsWith(group));
    return isMade
      ? [['cluster-wide', 'it is in no namespace']]
      : [[undefined, 'it is in no namespace, and would outlive the run: make it yourself, once']];
  }
  const own = metadata.namespace;
  return own === undefined || own === namespace ? [] : [[undefined, `it is of namespace ${own}, not of the run's`]];
}

function ofService(draft: Draft): Found[] {
  const { externalIPs } = asPart((draft as unknown as Part).spec);
  if (draft.kind !== 'Service' || listOf(externalIPs).length === 0) return [];
  return [['host-network', `externalIPs ${listOf(externalIPs).join(', ')}`]];
}

/** Wherever there are containers there is a pod: also in kinds that Kubernetes does not bring. */
function podsIn(value: unknown): Found[] {
  if (Array.isArray(value)) return value.flatMap(podsIn);
  if (!isPart(value)) return [];
  const here = Array.isArray(value.containers) ? ofPod(value) : [];
  const deeper = Object.entries(value).filter(([key]) => !CONTAINERS.includes(key));
  return [...here, ...deeper.flatMap(([, inner]) => podsIn(inner))];
}

const CONTAINERS = ['containers', 'initContainers', 'ephemeralContainers'];

/** Volumes that no claim of the run stands for: somebody else's server has them. */
const SERVERS = [
  'nfs',
  'cephfs',
  'iscsi',
  'fc',
  'rbd',
  'glusterfs',
  'azureFile',
  'azureDisk',
  'awsElasticBlockStore',
  'gcePersistentDisk',
  'vsphereVolume',
  'cinder',
  'portworxVolume',
  'flexVolume',
  'quobyte',
  'scaleIO',
  'storageos',
];

function ofPod(spec: Part): Found[] {
  const volumes = listOf(spec.volumes).map(asPart);
  const containers = CONTAINERS.flatMap((kind) => listOf(spec[kind]).map(asPart));
  return [
    ...volumes.flatMap(({ hostPath }): Found[] =>
      hostPath === undefined || hostPath === null ? [] : [['host-files', `hostPath ${asPart(hostPath).path}`]],
    ),
    ...volumes.flatMap((volume) =>
      SERVERS.filter((kind) => isOn(volume[kind])).map(
        (kind): Found => ['external', `volume ${volume.name} is ${kind}`],
      ),
    ),
    ...(isOn(spec.hostNetwork) ? [['host-network', 'hostNetwork'] satisfies Found] : []),
    ...['hostPID', 'hostIPC'].flatMap((key): Found[] => (isOn(spec[key]) ? [['host-processes', key]] : [])),
    ...profile(asPart(spec.securityContext), 'its pod'),
    ...containers.flatMap((container) => ofContainer(container)),
  ];
}

function ofContainer(container: Part): Found[] {
  const where = `container ${container.name}`;
  const security = asPart(container.securityContext);
  const added = listOf(asPart(security.capabilities).add);
  const ports = listOf(container.ports).flatMap((port) => asPart(port).hostPort ?? []);
  return [
    ...(isOn(security.privileged) ? [['privileged', `${where} is privileged`] satisfies Found] : []),
    ...(added.length > 0 ? [['privileged', `${where} adds capabilities ${added.join(', ')}`] satisfies Found] : []),
    ...(security.procMount === undefined || security.procMount === 'Default'
      ? []
      : [['privileged', `${where} has procMount ${security.procMount}`] satisfies Found]),
    ...profile(security, where),
    ...ports.filter(Boolean).map((port): Found => ['host-network', `${where} binds port ${port} of its node`]),
  ];
}

/** Profiles that are taken off. */
function profile(security: Part, where: string): Found[] {
  const off = ['seccompProfile', 'appArmorProfile'].filter((key) => asPart(security[key]).type === 'Unconfined');
  return [
    ...off.map((key): Found => ['privileged', `${where} has no ${key}`]),
    ...(isOn(asPart(security.windowsOptions).hostProcess)
      ? [['privileged', `${where} is a process of its host`] satisfies Found]
      : []),
  ];
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const isOn = (value: unknown) => value !== undefined && value !== null && value !== false;
