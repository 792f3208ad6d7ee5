import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Api } from '../api/api.ts';
import { checkRights } from './rights.ts';

const granted = (permissions: object) => checkRights({ get: async () => permissions } as unknown as Api, []);
const names = (rights: Awaited<ReturnType<typeof granted>>) =>
  rights.filter((right) => right.granted).map(({ resource, verb }) => `${resource} ${verb}`);

test('what is granted on a path, and not passed on to what is below it, is not granted there', async () => {
  const ofGuests = { 'VM.Audit': true, 'VM.GuestAgent.Unrestricted': false };
  const rights = await granted({ '/': { 'Sys.Audit': false }, '/vms': ofGuests, '/nodes': { 'Sys.Audit': true } });
  assert.deepEqual(names(rights), ['/ Sys.Audit', '/nodes Sys.Audit', '/vms VM.Audit']);
});

test('what / passes on counts wherever nothing else is granted', async () => {
  const all = { 'Sys.Audit': true, 'VM.Audit': true, 'VM.Monitor': true, 'Datastore.Audit': true };
  assert.equal((await granted({ '/': all })).filter((right) => !right.granted).length, 0);
  assert.deepEqual(names(await granted({ '/': all, '/vms': {}, '/storage': {} })), ['/ Sys.Audit', '/nodes Sys.Audit']);
});
