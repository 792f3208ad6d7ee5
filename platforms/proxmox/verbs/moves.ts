/** What moves guests to another node, and back. */
import { AFTER_WAITING, node, type Verb } from '../../verb.ts';
import { calledTo } from './called-to.ts';
import {
  member,
  type NamedMember,
  onCluster,
  onGuests,
  type ProxmoxContext,
  present,
  type Right,
  refuseContainer,
  undo,
  verb,
} from './entry.ts';
import { PATIENCE, wayBack } from './way-back.ts';

/** Of a guest outside HA, whose act ends with its move, ms. */
const LONGEST_MOVE = 540_000;
const MIGRATE: Right[] = [onCluster('Sys.Console'), onGuests('VM.Migrate')];
const RELOCATE: Right[] = [onCluster('Sys.Console')];

async function move(
  context: ProxmoxContext,
  { target, ...of }: NamedMember & { target: string },
  how: 'migrate' | 'relocate',
): Promise<undefined> {
  const guest = await present(context, of);
  refuseContainer(guest, `member.${how}`);
  const view = await context.viewer.look();
  if (guest.node !== target) await calledTo(context, guest, target, how, view, LONGEST_MOVE);
  return undefined;
}

/** An undo goes to `node`, where its act found the guest, and so to no other than the journal has the act of. */
export const moveVerbs: Record<string, Verb<ProxmoxContext, Right>> = {
  /** To another node, alive. */
  'member.migrate': verb({ ...member, target: node }, MIGRATE, (context, of) => move(context, of, 'migrate')),
  'member.migrate-back': {
    ...undo(member, MIGRATE, (context, of) => wayBack(context, of, 'migrate')),
    longest: () => PATIENCE + AFTER_WAITING,
  },

  /** To another node, through a stop and a start. */
  'member.relocate': verb({ ...member, target: node }, RELOCATE, (context, of) => move(context, of, 'relocate')),
  'member.relocate-back': {
    ...undo(member, RELOCATE, (context, of) => wayBack(context, of, 'relocate')),
    longest: () => PATIENCE + AFTER_WAITING,
  },
};
