/** `ha/rules.cfg`: where guests may and should run. */
import type { Rule } from '../ha/state.ts';
import { formatSections, parseSections, type Section } from './sections.ts';
import { isTrue, listOf } from './values.ts';

export const RULES = 'ha/rules.cfg';

/** What CRM and LRM work with; of a type that is not known, nothing. */
export function rulesOf(text: string): Rule[] {
  return parseSections(text).flatMap((section): Rule[] => {
    const { type, properties } = section;
    const disabled = isTrue(properties.disable) ? { disabled: true } : {};
    const resources = listOf(properties.resources ?? '');
    if (type === 'node-affinity') {
      const nodes = nodePriorities(properties.nodes ?? '');
      return [{ type, resources, nodes, strict: isTrue(properties.strict), ...disabled }];
    }
    if (type !== 'resource-affinity') return [];
    return [{ type, resources, affinity: properties.affinity === 'negative' ? 'negative' : 'positive', ...disabled }];
  });
}

/** The file with one rule added or replaced, which keeps its place. */
export function withRule(text: string, rule: Section): string {
  const sections = parseSections(text);
  const at = sections.findIndex(({ id }) => id === rule.id);
  if (at >= 0) sections[at] = rule;
  else sections.push(rule);
  return formatSections(sections);
}

export function withoutRule(text: string, id: string): string {
  return formatSections(parseSections(text).filter((section) => section.id !== id));
}

/** The file when a resource is under HA no more: it is in no rule any more, and a rule about nothing is gone. */
export function withoutResourceInRules(text: string, sid: string): string {
  return formatSections(
    parseSections(text).flatMap((section) => {
      const before = listOf(section.properties.resources ?? '');
      if (!before.includes(sid)) return [section];
      const resources = before.filter((each) => each !== sid);
      if (resources.length === 0) return [];
      return [{ ...section, properties: { ...section.properties, resources: resources.join(',') } }];
    }),
  );
}

/** `pve1:2,pve2`: the higher is preferred, 0 when it is not said. */
export function nodePriorities(text: string): Record<string, number> {
  return Object.fromEntries(
    listOf(text).map((each) => {
      const [node, priority = '0'] = each.split(':') as [string, string?];
      return [node, Number(priority)];
    }),
  );
}
