/** The firewall of a guest: kept in `firewall/<vmid>.fw` as Proxmox VE does, options and then rules in their order. */
import { digestOf } from '../../config/sections.ts';
import { listOf } from '../../config/values.ts';
import { asText, type Params } from '../check.ts';
import { failed } from '../refusal.ts';
import { checkDigest, type Handlers, type Request, readGuest } from '../world.ts';
import { firewallPath } from './guests.ts';

interface Firewall {
  options: Record<string, string>;
  /** `IN DROP -p tcp -dport 80 # why`, with `|` before it where it is off. */
  rules: string[];
}

function parse(text: string): Firewall {
  const firewall: Firewall = { options: {}, rules: [] };
  let section = '';
  for (const line of text.split('\n')) {
    const [, head] = /^\[(\w+)\]/.exec(line) ?? [];
    const [, key, value] = /^(\w+):\s*(.*)$/.exec(line) ?? [];
    if (head !== undefined) section = head;
    else if (section === 'OPTIONS' && key !== undefined) firewall.options[key] = value!;
    else if (section === 'RULES' && line.trim() !== '') firewall.rules.push(line);
  }
  return firewall;
}

function format({ options, rules }: Firewall): string {
  const settings = Object.entries(options).map(([key, value]) => `${key}: ${value}\n`);
  return `[OPTIONS]\n\n${settings.join('')}\n[RULES]\n\n${rules.map((rule) => `${rule}\n`).join('')}\n`;
}

async function read({ world, params }: Request): Promise<Firewall & { text: string; path: string }> {
  const vmid = Number(params.vmid);
  await readGuest(world, world.node, vmid);
  const path = firewallPath(vmid);
  const text = (await world.files.read(path)) ?? '';
  return { ...parse(text), text, path };
}

/** Throws Refusal 500 where the file is not the one that the caller has seen. */
async function change(request: Request, work: (firewall: Firewall) => void): Promise<void> {
  const { path } = await read(request);
  await request.world.files.update(path, (text = '') => {
    checkDigest(request.params, text);
    const firewall = parse(text);
    work(firewall);
    return format(firewall);
  });
}

async function options(request: Request) {
  const { options: set, text } = await read(request);
  const typed = Object.entries(set).map(([key, value]) => [key, /^\d+$/.test(value) ? Number(value) : value]);
  return { ...Object.fromEntries(typed), digest: digestOf(text) };
}

async function setOptions(request: Request): Promise<void> {
  const { node: _, vmid: __, digest: ___, delete: removed = '', ...given } = request.params;
  await change(request, (firewall) => {
    for (const [key, value] of Object.entries(given)) firewall.options[key] = asText(value);
    for (const key of listOf(String(removed))) delete firewall.options[key];
  });
}

/** In the order in which they are written. */
const PARTS = ['iface', 'source', 'dest', 'proto', 'dport', 'sport', 'icmp-type', 'log'];
const FLAGS: Record<string, string> = { iface: 'i', proto: 'p' };

function line({ type, action, macro, enable, comment, ...given }: Params): string {
  const what = macro === undefined ? String(action) : `${macro}(${action})`;
  const parts = PARTS.filter((name) => given[name] !== undefined).map(
    (name) => ` -${FLAGS[name] ?? name} ${given[name]}`,
  );
  const words = comment === undefined ? '' : ` # ${comment}`;
  // A new rule is off where nobody says that it is on.
  return `${Number(enable ?? 0) > 0 ? '' : '|'}${String(type).toUpperCase()} ${what}${parts.join('')}${words}`;
}

function row(text: string, pos: number, digest: string) {
  const [, off, type, what, rest = ''] = /^(\|?)(\w+) (\S+)(.*)$/.exec(text)!;
  const [, flags = '', comment] = /^(.*?)(?: # (.*))?$/.exec(rest)!;
  const named = [...flags.matchAll(/ -(\S+) (\S+)/g)].map(([, flag, value]) => {
    const name = Object.keys(FLAGS).find((each) => FLAGS[each] === flag) ?? flag;
    return [name, value];
  });
  const [, macro, action] = /^(\w+)\((\w+)\)$/.exec(what!) ?? [undefined, undefined, what];
  return {
    pos,
    type: type!.toLowerCase(),
    action,
    enable: off === '' ? 1 : 0,
    ...(macro !== undefined && { macro }),
    ...Object.fromEntries(named),
    ...(comment !== undefined && { comment }),
    digest,
  };
}

async function rules(request: Request) {
  const { rules: all, text } = await read(request);
  return all.map((each, pos) => row(each, pos, digestOf(text)));
}

/** A new rule stands before the others, or where it is said. */
async function addRule(request: Request): Promise<void> {
  const { pos = 0, digest: _, ...given } = request.params;
  await change(request, (firewall) => {
    firewall.rules.splice(Number(pos), 0, line(given));
  });
}

async function removeRule(request: Request): Promise<void> {
  const pos = Number(request.params.pos);
  await change(request, (firewall) => {
    if (pos >= firewall.rules.length) throw failed(`no rule at position ${pos}`);
    firewall.rules.splice(pos, 1);
  });
}

export const firewallCalls: Handlers = {
  'GET /nodes/{node}/qemu/{vmid}/firewall/options': options,
  'PUT /nodes/{node}/qemu/{vmid}/firewall/options': setOptions,
  'GET /nodes/{node}/qemu/{vmid}/firewall/rules': rules,
  'POST /nodes/{node}/qemu/{vmid}/firewall/rules': addRule,
  'DELETE /nodes/{node}/qemu/{vmid}/firewall/rules/{pos}': removeRule,
};
