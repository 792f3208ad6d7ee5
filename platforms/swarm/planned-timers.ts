/** The timers that services will have, from their stack file: what `serviceTimers` reads of them once they are deployed. */
import { parseDuration } from '../../units/units.ts';
import type { Timer } from '../platform.ts';
import type { SwarmService } from './api.ts';
import { readCompose } from './compose.ts';
import { defaultTimers, serviceTimers } from './inspect.ts';

interface Service {
  healthcheck?: { test?: string | string[]; disable?: boolean; interval?: string; start_period?: string };
  stop_grace_period?: string;
  deploy?: { restart_policy?: { delay?: string } };
}

/** Before the Swarm's own; defaults of services give way to what the services have. */
export function plannedTimers(manifest: string, timers: readonly Timer[]): Timer[] {
  const usual = new Set(defaultTimers().map(({ name }) => name));
  const services = Object.entries(readCompose(manifest).services ?? {});
  return [
    ...services.flatMap(([name, service]) => serviceTimers({ Spec: specOf(name, service) })),
    ...timers.filter(({ name }) => !usual.has(name)),
  ];
}

/** The service that Docker would make, as far as timers are read of it. */
function specOf(name: string, { healthcheck, stop_grace_period, deploy }: Service): SwarmService['Spec'] {
  const test = healthcheck?.disable ? ['NONE'] : healthcheck?.test;
  const isTold = healthcheck !== undefined && test !== undefined;
  return {
    Name: name,
    TaskTemplate: {
      ContainerSpec: {
        Image: '',
        StopGracePeriod: nanoOf(stop_grace_period),
        Healthcheck: isTold
          ? {
              Test: typeof test === 'string' ? ['CMD-SHELL', test] : test,
              Interval: nanoOf(healthcheck.interval),
              StartPeriod: nanoOf(healthcheck.start_period),
            }
          : undefined,
      },
      RestartPolicy: { Delay: nanoOf(deploy?.restart_policy?.delay) },
    },
    Mode: {},
  };
}

function nanoOf(text: string | undefined): number | undefined {
  const ms = text === undefined ? undefined : parseDuration(text);
  return ms === undefined ? undefined : ms * 1e6;
}
