/** A node that can run no guests: nothing runs on it, nothing is stored, and whoever wants to change that is told. */
import { SHARED } from '../layout.ts';
import type { Hypervisor, Storage } from './parts.ts';

const refuse = async (): Promise<never> => {
  throw new Error('this node of the lab runs no guests');
};

export const noHypervisor: Hypervisor = {
  running: () => [],
  state: refuse,
  start: refuse,
  stop: refuse,
  shutdown: refuse,
  reset: refuse,
  suspend: refuse,
  resume: refuse,
  migrate: refuse,
  receive: refuse,
  apply: refuse,
  agent: refuse,
};

export const noStorage: Storage = {
  name: 'shared',
  folder: SHARED,
  list: async () => [],
  allocate: refuse,
  clone: refuse,
  importFrom: refuse,
  cloudInit: refuse,
  free: refuse,
  path: () => {
    throw new Error('nothing is stored');
  },
};
