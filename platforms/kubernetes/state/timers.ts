/** The timers that decide how long recovery takes: read where the cluster shows them, else its documented defaults. */
import type { Timer } from '../../platform.ts';
import type { Labels, Lease, Pod } from '../api/objects.ts';
import { serviceOf } from './members.ts';

/** Kubernetes' documented defaults, ms. */
const DEFAULTS = {
  /** Since 1.32; 40 s before. */
  monitorGrace: 50_000,
  monitorGraceBefore132: 40_000,
  monitorPeriod: 5_000,
  nodeLease: 40_000,
  leaderLease: 15_000,
  leaderRetry: 2_000,
  evictionRate: 0.1,
  toleration: 300_000,
  probePeriod: 10_000,
  grace: 30_000,
};

/** kubelet renews its lease four times within its duration (pkg/kubelet: nodeLeaseRenewIntervalFraction). */
const RENEWALS = 4;

export interface ControlPlaneFacts {
  version: string;
  /** Pods of the control plane, where they can be seen. */
  control: Pod[];
  leaderLease: Lease | undefined;
  /** The lease of any node. */
  nodeLease: Lease | undefined;
}

export function clusterTimers({ version, control, leaderLease, nodeLease }: ControlPlaneFacts): Timer[] {
  const manager = flagsOf(control, 'kube-controller-manager');
  const server = flagsOf(control, 'kube-apiserver');
  // Where the flags can be seen, one that is not given has its default for certain.
  const flag = (
    flags: Labels | undefined,
    name: string,
    usual: number,
    ms = durationOf,
  ): Pick<Timer, 'ms' | 'source'> => ({
    ms: (flags?.[name] !== undefined ? ms(flags[name]) : undefined) ?? usual,
    source: flags ? 'read' : 'assumed',
  });
  const lease = nodeLease?.spec.leaseDurationSeconds;
  const leaderSeconds = leaderLease?.spec.leaseDurationSeconds;
  const rate = (text: string) => (Number(text) > 0 ? 1000 / Number(text) : undefined);
  return [
    { name: 'node.monitor.grace', ...flag(manager, 'node-monitor-grace-period', usualGrace(version)) },
    { name: 'node.monitor.period', ...flag(manager, 'node-monitor-period', DEFAULTS.monitorPeriod) },
    timer('node.lease', lease && (lease * 1000) / RENEWALS, DEFAULTS.nodeLease / RENEWALS),
    { name: 'eviction.interval', ...flag(manager, 'node-eviction-rate', 1000 / DEFAULTS.evictionRate, rate) },
    timer('leader.lease', leaderSeconds && leaderSeconds * 1000, DEFAULTS.leaderLease),
    { name: 'leader.retry', ...flag(manager, 'leader-elect-retry-period', DEFAULTS.leaderRetry) },
    {
      name: 'toleration',
      ...flag(server, 'default-unreachable-toleration-seconds', DEFAULTS.toleration, (text) => Number(text) * 1000),
    },
    { name: 'probe.period', ms: DEFAULTS.probePeriod, source: 'assumed' },
    { name: 'grace', ms: DEFAULTS.grace, source: 'assumed' },
  ];
}

function usualGrace(version: string): number {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(major) === 1 && Number(minor) < 32 ? DEFAULTS.monitorGraceBefore132 : DEFAULTS.monitorGrace;
}

/** Flags by name, of the first pod of a component; undefined where there is none to be seen. */
function flagsOf(control: Pod[], component: string): Labels | undefined {
  const pod = control.find(({ metadata }) => metadata.labels?.component === component);
  const container = pod?.spec.containers[0];
  if (!container) return undefined;
  const words = [...(container.command ?? []), ...(container.args ?? [])];
  return Object.fromEntries(
    words.flatMap((word) => {
      const [, name, value] = /^--([\w-]+)=(.*)$/s.exec(word) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value]];
    }),
  );
}

/** Go's notation: `1m30s`, `500ms`. */
export function durationOf(text: string): number | undefined {
  const units: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
  if (!/^(\d+(\.\d+)?(h|ms|m|s))+$/.test(text)) return undefined;
  return [...text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * units[unit!]!,
    0,
  );
}

/** Of each service by one of its pods: they are all made from the same template. */
export function serviceTimers(pods: Pod[]): Timer[] {
  const byService = new Map(pods.map((pod) => [serviceOf(pod), pod]));
  return [...byService].flatMap(([service, pod]): Timer[] => {
    if (service === undefined) return [];
    const { containers, tolerations = [], terminationGracePeriodSeconds: grace } = pod.spec;
    const [probe] = containers.flatMap(({ readinessProbe }) => readinessProbe ?? []);
    const unreachable = tolerations.find(({ key }) => key === 'node.kubernetes.io/unreachable');
    const read = (name: string, seconds: number): Timer => ({
      name: `${name}.${service}`,
      ms: seconds * 1000,
      source: 'read',
    });
    return [
      // A StatefulSet's pod is not replaced while its node is silent, however long: it has no such time.
      ...(isStateful(pod) || unreachable?.tolerationSeconds === undefined
        ? []
        : [read('toleration', unreachable.tolerationSeconds)]),
      // Without a probe a container is ready when it runs.
      read('probe.period', probe ? (probe.periodSeconds ?? 10) : 0),
      ...(probe?.initialDelaySeconds ? [read('probe.delay', probe.initialDelaySeconds)] : []),
      read('grace', grace ?? 30),
    ];
  });
}

const isStateful = ({ metadata }: Pod) => metadata.ownerReferences?.some(({ kind }) => kind === 'StatefulSet') ?? false;

function timer(name: string, read: number | undefined, assumed: number): Timer {
  return read === undefined ? { name, ms: assumed, source: 'assumed' } : { name, ms: read, source: 'read' };
}
