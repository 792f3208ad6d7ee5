import type { PowerCut } from './disk.ts';
import type { LinkState, PowerState } from './host.ts';
import { type Settings as KubernetesSettings, kubernetesLab } from './kubernetes/layout.ts';
import type { Lab } from './lab.ts';
import type { Progress } from './progress.ts';
import { type Settings as ProxmoxSettings, proxmoxLab } from './proxmox/layout.ts';
import { type Settings as SwarmSettings, swarmLab } from './swarm/layout.ts';

/** The settings of all labs. Each lab knows some of them. */
export type LabSettings = Partial<SwarmSettings & KubernetesSettings & ProxmoxSettings>;

export interface LabStatus {
  lab: string;
  /** `up`: every machine is on, connected and, if a node, ready. `partly`: some of it. `down`: nothing is there. */
  state: 'up' | 'partly' | 'down';
  machines: {
    name: string;
    role: string;
    address: string;
    power: PowerState;
    link: LinkState;
    /** What the cluster says about the node; undefined for a machine that is not a node, and when the cluster does not answer. */
    ready: boolean | undefined;
    /** The node's Docker API, where it has one. */
    docker?: string | undefined;
    /** Whether it leads the others in what the lab is about, where there is such a one. */
    master?: boolean;
  }[];
  /** Where users reach the workloads, by entry name. */
  entry: Record<string, string>;
  /** What a power cut leaves of what its machines have written; undefined while the lab is down. */
  powerCut?: PowerCut | undefined;
}

/** A cluster in a box. Its code is loaded when one of its functions is called. */
export interface LabKind {
  lab: Lab;
  /** Those of the settings that it knows. */
  settings: (keyof LabSettings)[];
  /** Installs what it needs and builds what it runs, without starting it. */
  build(progress: Progress): Promise<void>;
  up(settings: LabSettings, progress: Progress): Promise<void>;
  down(progress: Progress): Promise<void>;
  status(): Promise<LabStatus>;
}

export const labs: Record<string, LabKind> = {
  swarm: {
    lab: swarmLab,
    settings: ['managers', 'heartbeat'],
    build: async (progress) => {
      const { installLabPackages } = await import('./setup.ts');
      const { imageStore } = await import('./image/store.ts');
      await installLabPackages(progress);
      await imageStore(progress);
    },
    up: async (settings, progress) => (await import('./swarm/up.ts')).swarmUp(settings, progress),
    down: async (progress) => (await import('./swarm/down.ts')).swarmDown(progress),
    status: async () => (await import('./swarm/status.ts')).swarmStatus(),
  },
  kubernetes: {
    lab: kubernetesLab,
    settings: ['controlPlanes', 'timers'],
    build: async (progress) => void (await (await import('./kubernetes/up.ts')).kubernetesBuild(progress)),
    up: async (settings, progress) => (await import('./kubernetes/up.ts')).kubernetesUp(settings, progress),
    down: async (progress) => (await import('./kubernetes/down.ts')).kubernetesDown(progress),
    status: async () => (await import('./kubernetes/status.ts')).kubernetesStatus(),
  },
  proxmox: {
    lab: proxmoxLab,
    settings: ['nodes', 'timeScale'],
    build: async (progress) => void (await (await import('./proxmox/up.ts')).proxmoxBuild(progress)),
    up: async (settings, progress) => (await import('./proxmox/up.ts')).proxmoxUp(settings, progress),
    down: async (progress) => (await import('./down.ts')).takeDown(proxmoxLab, progress),
    status: async () => (await import('./proxmox/status.ts')).proxmoxStatus(),
  },
};
