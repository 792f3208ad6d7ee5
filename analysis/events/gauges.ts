import type { RunEvent } from '../../recording/recording.ts';
import type { GaugeFindings } from '../findings.ts';

type Told = Extract<RunEvent, { kind: 'gauges' }>;

/** What instances told of themselves, a gauge at a time, each instance in the order in which it was first seen. */
export function gaugesOf(events: RunEvent[]): GaugeFindings[] {
  const told = events.filter((event): event is Told => event.kind === 'gauges');
  const names = [...new Set(told.flatMap(({ values }) => Object.keys(values ?? {})))];
  const members = [...Map.groupBy(told, ({ member }) => member).values()];
  return names.map((name) => ({
    name,
    instances: members.map((ofOne) => ({
      member: ofOne[0]!.member,
      node: ofOne[0]!.node,
      points: ofOne.map(({ at, values, error }) => {
        const value = values?.[name];
        if (value !== undefined) return { at, value };
        return error === undefined ? { at } : { at, error };
      }),
    })),
  }));
}
