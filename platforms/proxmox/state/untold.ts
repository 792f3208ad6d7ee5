/**
 * The cluster's list is made of what each node tells the others every ten seconds or so (`pvestatd`). Of a guest that is new there, or whose
 * node has just begun to tell, it knows no more than where it is: its status is `unknown`, it has no name, and nothing says that it is a template.
 */
import { OperatorError } from '../../../units/operator-error.ts';
import type { Api } from '../api/api.ts';
import { ApiError } from '../api/api-error.ts';
import { type AnyGuest, guestsOn, kindOf } from '../api/guest-calls.ts';
import { isThere, type View } from './view.ts';

type Guest = View['guests'][number];

const isUntold = ({ status }: Guest) => status === undefined || status === 'unknown';

/**
 * The guests of a view; what the list does not know of one is told by its own node, if that is there. Throws OperatorError when that node
 * does not list it or does not answer: how the guest is, nobody knows at the moment.
 */
export async function toldGuests(api: Api, { guests, nodes }: Pick<View, 'guests' | 'nodes'>): Promise<Guest[]> {
  const there = new Set(nodes.filter(isThere).map(({ name }) => name));
  // Of a node that is away nobody knows more.
  const untold = guests.filter((guest) => isUntold(guest) && there.has(guest.node));
  const asked = new Map(untold.map(({ node, type }) => [`${node} ${type}`, { node, kind: kindOf(type) }]));
  const answers = await Promise.all(
    [...asked.values()].map(async ({ node, kind }) => (kind ? await listOf(api, { node, kind }) : [])),
  );
  const told = new Map(answers.flat().map((row) => [`${row.node} ${row.vmid}`, row]));
  return guests.map((guest) => {
    if (!untold.includes(guest)) return guest;
    const row = told.get(`${guest.node} ${guest.vmid}`);
    if (!row) throw notTold(guest);
    return { ...guest, name: row.name, status: row.status, template: row.template };
  });
}

async function listOf(api: Api, { node, kind }: Pick<AnyGuest, 'node' | 'kind'>) {
  try {
    const rows = await guestsOn(api, { node, kind });
    return rows.map((row) => ({ ...row, node }));
  } catch (error) {
    // It may have died just now.
    if (error instanceof ApiError && error.passes) return [];
    throw error;
  }
}

function notTold({ vmid, node }: Guest): OperatorError {
  return new OperatorError(`guest ${vmid}: neither the cluster's list nor ${node} says how it is`, {
    hint: 'is it being moved or removed, or is `pvestatd` of its node not alive?',
  });
}
