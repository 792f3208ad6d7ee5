import type { Rule } from './state.ts';

/** Where each service may and should be, made of the rules that can hold together. */
export interface Affinity {
  /** By service: node to priority, the highest preferred. A service without an entry may be anywhere. */
  nodes: Map<string, Map<string, number>>;
  /** By service: those that it must be on one node with. */
  together: Map<string, Set<string>>;
  /** By service: those that it must not be on one node with. */
  apart: Map<string, Set<string>>;
}

/** The nodes that a rule does not name, where it is not strict: as good as none that it does name. */
const LAST = -1;

/** @param nodes every node of the cluster */
export function compileRules(rules: Rule[], nodes: string[]): Affinity {
  const enabled = rules.filter((rule) => !rule.disabled);
  const { positive, negative } = consistent(enabled, nodes.length);
  const together = new Map(positive.flatMap((group) => [...group].map((sid) => [sid, without(group, sid)] as const)));
  return { nodes: shared(nodeAffinity(enabled, nodes), together), together, apart: apartFrom(negative, together) };
}

/** Two services cannot be together and apart: of the rules that say both none counts. Nor can more be apart than there are nodes. */
function consistent(rules: Rule[], nodes: number): { positive: Set<string>[]; negative: Set<string>[] } {
  const sets = (affinity: 'positive' | 'negative') =>
    rules
      .filter((rule) => rule.type === 'resource-affinity' && rule.affinity === affinity && rule.resources.length >= 2)
      .map(({ resources }) => new Set(resources));
  const groups = joined(sets('positive'));
  const apart = sets('negative').filter(({ size }) => size <= nodes);
  const contradicts = (a: Set<string>, b: Set<string>) => a.intersection(b).size >= 2;
  return {
    positive: groups.filter((group) => !apart.some((set) => contradicts(group, set))),
    negative: apart.filter((set) => !groups.some((group) => contradicts(group, set))),
  };
}

/** Rules that share a service are one: who must be with the same one must be together. */
function joined(sets: Set<string>[]): Set<string>[] {
  return sets.reduce<Set<string>[]>((groups, set) => {
    const touching = groups.filter((group) => !group.isDisjointFrom(set));
    const rest = groups.filter((group) => group.isDisjointFrom(set));
    return [...rest, touching.reduce((all, group) => all.union(group), set)];
  }, []);
}

/** Two rules about the nodes of one service contradict each other: neither counts. */
function nodeAffinity(rules: Rule[], nodes: string[]): Affinity['nodes'] {
  const about = rules.filter((rule) => rule.type === 'node-affinity');
  const uses = new Map<string, number>();
  for (const sid of about.flatMap(({ resources }) => resources)) uses.set(sid, (uses.get(sid) ?? 0) + 1);
  const valid = about.filter(({ resources }) => resources.every((sid) => uses.get(sid) === 1));
  return new Map(
    valid.flatMap(({ resources, nodes: named, strict }) => {
      const rest = strict ? [] : nodes.filter((node) => !(node in named)).map((node) => [node, LAST] as const);
      const priorities = new Map([...Object.entries(named), ...rest]);
      return resources.map((sid) => [sid, priorities] as const);
    }),
  );
}

/** Where one must be, all must be that are together with it. */
function shared(nodes: Affinity['nodes'], together: Affinity['together']): Affinity['nodes'] {
  const inherited = [...together].flatMap(([sid, others]) => {
    const first = [...others].sort().find((other) => nodes.has(other));
    return nodes.has(sid) || first === undefined ? [] : [[sid, nodes.get(first)!] as const];
  });
  return new Map([...nodes, ...inherited]);
}

/** Who must be apart from a service must be so from each that is together with it. That says nothing of those who are together with either. */
function apartFrom(sets: Set<string>[], together: Affinity['together']): Affinity['apart'] {
  const apart: Affinity['apart'] = new Map();
  const note = (a: string, b: string) => apart.set(a, (apart.get(a) ?? new Set()).add(b));
  for (const set of sets) {
    for (const sid of set) {
      for (const other of without(set, sid)) {
        for (const mate of [sid, ...(together.get(sid) ?? [])]) {
          note(mate, other);
          note(other, mate);
        }
      }
    }
  }
  return apart;
}

function without(group: Set<string>, sid: string): Set<string> {
  const rest = new Set(group);
  rest.delete(sid);
  return rest;
}
