/** `ha/resources.cfg`: which guests are under HA, and how. */
import type { RequestedState, ServiceConfig, ServiceConfigs } from '../ha/state.ts';
import { formatSections, parseSections, type Section } from './sections.ts';
import { isTrue } from './values.ts';

export const RESOURCES = 'ha/resources.cfg';

/** `vm:100`; of a bare `100`, that of a virtual machine. */
export function sidOf({ type, id }: Section): string {
  return `${type}:${id}`;
}

/** By `vm:100`: what the file says of each, and no defaults. */
export function parseResources(text: string): Record<string, Record<string, string>> {
  return Object.fromEntries(parseSections(text).map((section) => [sidOf(section), section.properties]));
}

/** The file with one resource added or changed: a property that is undefined is removed. */
export function withResource(text: string, sid: string, changes: Record<string, string | undefined>): string {
  const sections = parseSections(text);
  const found = sections.find((section) => sidOf(section) === sid);
  const section = found ?? {
    type: sid.slice(0, sid.indexOf(':')),
    id: sid.slice(sid.indexOf(':') + 1),
    properties: {},
  };
  if (!found) sections.push(section);
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) delete section.properties[key];
    else section.properties[key] = value;
  }
  return formatSections(sections);
}

export function withoutResource(text: string, sid: string): string {
  return formatSections(parseSections(text).filter((section) => sidOf(section) !== sid));
}

/**
 * What CRM and LRM work with.
 *
 * @param nodeOf where a guest is configured; a resource whose guest is nowhere is left out
 */
export function serviceConfigs(text: string, nodeOf: (sid: string) => string | undefined): ServiceConfigs {
  return Object.fromEntries(
    parseSections(text).flatMap((section): [string, ServiceConfig][] => {
      const sid = sidOf(section);
      const node = nodeOf(sid);
      if (node === undefined) return [];
      const { state, max_restart = '1', max_relocate = '1', failback = '1' } = section.properties;
      return [
        [
          sid,
          {
            state: requestedState(state),
            node,
            max_restart: Number(max_restart),
            max_relocate: Number(max_relocate),
            failback: isTrue(failback),
          },
        ],
      ];
    }),
  );
}

/** `enabled`, of old configurations, is `started`, and so is none at all. */
function requestedState(state: string | undefined): RequestedState {
  return state === 'stopped' || state === 'disabled' || state === 'ignored' ? state : 'started';
}
