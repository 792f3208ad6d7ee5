/** Tickets, users, roles, and what somebody may do. */
import { readAccess } from '../access-files.ts';
import { capabilities } from '../rights.ts';
import type { Handlers, Request } from '../world.ts';
import { clusterName } from './cluster.ts';

async function login({ world, params }: Request) {
  const name = String(params.username);
  const user = params.realm === undefined || name.includes('@') ? name : `${name}@${params.realm}`;
  const granted = await world.tickets.login(user, String(params.password));
  const cap = await capabilities(world.rights, { user });
  return { username: user, ...granted, cap, clustername: await clusterName(world) };
}

async function permissions({ world, params, caller }: Request) {
  let whose = caller;
  if (params.userid !== undefined && params.userid !== caller.user) {
    await world.rights.need(caller, '/access', 'Sys.Audit');
    const [user, tokenId] = String(params.userid).split('!');
    whose = tokenId === undefined ? { user: user! } : { user: user!, tokenId };
  }
  return world.rights.overview(whose, params.path === undefined ? undefined : String(params.path));
}

async function users({ world }: Request) {
  return [...(await readAccess(world.files)).users].map(([userid, { enabled, expire, comment }]) => ({
    userid,
    enable: Number(enabled),
    expire,
    'realm-type': userid.slice(userid.indexOf('@') + 1),
    ...(comment !== '' && { comment }),
  }));
}

async function entries({ world }: Request) {
  return (await readAccess(world.files)).entries.map(({ path, who, role, propagate }) => ({
    path,
    type: who.includes('!') ? 'token' : 'user',
    ugid: who,
    roleid: role,
    propagate: Number(propagate),
  }));
}

const DOMAINS = [
  { realm: 'pam', type: 'pam', comment: 'Linux PAM standard authentication' },
  { realm: 'pve', type: 'pve', comment: 'Proxmox VE authentication server' },
];

export const accessCalls: Handlers = {
  'GET /access/acl': entries,
  'GET /access/domains': async () => DOMAINS,
  'GET /access/permissions': permissions,
  'GET /access/roles': ({ world }) => world.rights.roles(),
  'GET /access/ticket': async () => null,
  'GET /access/users': users,
  'POST /access/ticket': login,
};
