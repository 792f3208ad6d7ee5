/** The calls of Proxmox VE's API that the lab knows, with their parameters: `calls.schema.json`. */
import { readFileSync } from 'node:fs';

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** A parameter, as Proxmox VE describes it. */
export interface Property {
  type?: 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object' | 'null';
  optional?: 0 | 1;
  default?: unknown;
  enum?: string[];
  minimum?: number | string;
  maximum?: number | string;
  minLength?: number;
  maxLength?: number;
  /** A regular expression of Perl, for the whole value. */
  pattern?: string;
  /** A name, or the one part of a property string that is allowed. */
  format?: string | Property;
  items?: Property;
}

export interface CallSchema {
  /** `node`: the call is done by the node that its path names. */
  proxyto?: 'node';
  parameters: Record<string, Property>;
}

const CALLS = JSON.parse(readFileSync(new URL('calls.schema.json', import.meta.url), 'utf8')) as Record<
  string,
  CallSchema
>;

/** How many of each there may be: `net[n]` is net0 to net31. */
const COUNTS: Record<string, number> = {
  hostpci: 16,
  ide: 4,
  ipconfig: 32,
  net: 32,
  numa: 8,
  parallel: 3,
  sata: 6,
  scsi: 31,
  serial: 4,
  unused: 256,
  usb: 14,
  virtio: 16,
  virtiofs: 10,
};

/** `net[n]` becomes net0, net1 …: the parameters that a call can be given. */
function numbered(parameters: Record<string, Property>): Record<string, Property> {
  const entries = Object.entries(parameters).flatMap(([name, property]): [string, Property][] => {
    if (!name.endsWith('[n]')) return [[name, property]];
    const base = name.slice(0, -'[n]'.length);
    return Array.from({ length: COUNTS[base]! }, (_, index) => [`${base}${index}`, property]);
  });
  return Object.fromEntries(entries);
}

/** By method and template: `GET /nodes/{node}/qemu`. */
export const CALL_SCHEMAS: ReadonlyMap<string, CallSchema> = new Map(
  Object.entries(CALLS).map(([call, schema]) => [call, { ...schema, parameters: numbered(schema.parameters) }]),
);

interface Branch {
  children: Map<string, Branch>;
  parameter?: { name: string; branch: Branch };
  calls: Map<string, string>;
}

const newBranch = (): Branch => ({ children: new Map(), calls: new Map() });

const TREE = newBranch();
for (const call of CALL_SCHEMAS.keys()) {
  const [method, path] = call.split(' ') as [Method, string];
  let branch = TREE;
  for (const part of path.split('/').slice(1)) {
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name) {
      branch.parameter ??= { name, branch: newBranch() };
      branch = branch.parameter.branch;
    } else {
      if (!branch.children.has(part)) branch.children.set(part, newBranch());
      branch = branch.children.get(part)!;
    }
  }
  branch.calls.set(method, call);
}

export interface Route {
  call: string;
  schema: CallSchema;
  /** What the path names, decoded. */
  named: Record<string, string>;
}

/**
 * @param path decoded parts, without the base
 * @returns undefined for a path or a method that is not there
 */
export function route(method: string, path: string[]): Route | undefined {
  const named: Record<string, string> = {};
  let branch = TREE;
  for (const part of path) {
    const child = branch.children.get(part);
    if (!child && !branch.parameter) return undefined;
    if (!child) named[branch.parameter!.name] = part;
    branch = child ?? branch.parameter!.branch;
  }
  const call = branch.calls.get(method);
  return call === undefined ? undefined : { call, schema: CALL_SCHEMAS.get(call)!, named };
}
