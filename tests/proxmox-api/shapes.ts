/** What kinds of values stand under which keys of an answer: of all answers to one call, which keys are always there, and which ever. */

/** A value's kind, or what an object's keys hold. */
type Kinds = Set<string>;

interface Shape {
  /** How many objects were seen here. */
  seen: number;
  keys: Map<string, { count: number; kinds: Kinds }>;
}

/** Keys that are names (of nodes, guests, paths): only what they hold is compared. */
const NAMED =
  /\.(permissions|cap|cap\.\*|manager_status\.(node_status|service_status|node_request)|lrm_status|lrm_status\.\*\.results|not_allowed_nodes|permissions\.\*)$/;

/** By place: `data[vm running].uptime`. Rows of different kinds in one list are told apart. */
export type Shapes = Map<string, Shape>;

export function addShapes(shapes: Shapes, call: string, value: unknown): void {
  const root = call.endsWith('/access/permissions') ? '.permissions' : '';
  walk(shapes, root, value);
}

function walk(shapes: Shapes, place: string, value: unknown): void {
  if (Array.isArray(value)) {
    for (const item of value) walk(shapes, `${place}[${rowKind(item)}]`, item);
  } else if (typeof value === 'object' && value !== null) {
    if (!shapes.has(place)) shapes.set(place, { seen: 0, keys: new Map() });
    const shape = shapes.get(place)!;
    shape.seen += 1;
    for (const [name, item] of Object.entries(value)) {
      const key = NAMED.test(place) ? '*' : name;
      const entry = shape.keys.get(key) ?? { count: 0, kinds: new Set() };
      entry.count += 1;
      entry.kinds.add(kindOf(item));
      shape.keys.set(key, entry);
      walk(shapes, `${place}.${key}`, item);
    }
  }
}

const TOLD_APART =
  /^(cluster|node|quorum|master|lrm|service|fencing|qemu|storage|network|node-affinity|resource-affinity)$/;

function rowKind(item: unknown): string {
  if (typeof item !== 'object' || item === null) return '';
  const { type, status } = item as { type?: unknown; status?: unknown };
  const words = [
    TOLD_APART.test(String(type)) ? type : '',
    /^(running|stopped|online|offline)$/.test(String(status)) ? status : '',
  ];
  return words.filter((word) => word !== '').join(' ');
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
}

/** What in an answer is not as in the recorded ones of the same call; nothing where they are alike. */
export function differences(recorded: Shapes, call: string, value: unknown): string[] {
  const own: Shapes = new Map();
  addShapes(own, call, value);
  const found: string[] = [];
  for (const [place, shape] of own) {
    const known = recorded.get(place);
    if (!known) {
      found.push(`${place}: no such object was recorded`);
      continue;
    }
    for (const [key, { kinds }] of shape.keys) {
      const expected = known.keys.get(key);
      if (!expected) found.push(`${place}.${key}: not recorded`);
      else
        for (const kind of kinds)
          if (!expected.kinds.has(kind))
            found.push(`${place}.${key}: ${kind}, recorded ${[...expected.kinds].join('|')}`);
    }
    for (const [key, { count }] of known.keys) {
      const always = count >= known.seen && key !== '*';
      const isThere = (shape.keys.get(key)?.count ?? 0) >= shape.seen;
      if (always && !isThere) found.push(`${place}.${key}: missing`);
    }
  }
  return found;
}
