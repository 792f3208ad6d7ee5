import { z } from 'zod';
import { OperatorError } from '../units/operator-error.ts';
import { duration, share } from '../units/units.ts';
import { poll } from '../units/until.ts';
import { lookForAll } from './evidence.ts';
import type { Fault } from './fault.ts';
import { answersTcp, dropPackets, PACKET_NEEDS, peerPort, refuseDrops } from './packets/packets.ts';
import { chooseNodes, nodeSelector } from './selector.ts';
import { nodesOf, undoAll } from './targets.ts';

const options = z.strictObject({
  node: nodeSelector,
  loss: share
    .refine((value) => value > 0 && value < 1, { error: 'expected more than 0% and less than 100%' })
    .meta({ description: 'The share of packets that vanish, each way.' }),
  hold: duration.prefault('60s').meta({ description: 'How long packets are lost.' }),
});

const WHAT = 'loss';
/** Connections tried at once, and how long each may take: a lost SYN is sent again only after 1 s. */
const TRIES = 20;
const TRY_TIMEOUT = 500;
/** On a busy computer one may be missed, ms. */
const HEARD_WITHIN = 10_000;

/** A bad cable, a full queue: packets of the node vanish at random, in both directions, and TCP has to make up for it. */
export const networkLoss: Fault<z.output<typeof options>> = {
  name: 'network-loss',
  summary: "lets a share of a node's packets vanish, each way, for `hold`",
  options,
  needs: () => PACKET_NEEDS,
  hold: ({ hold }) => hold,
  aim(world, { node }) {
    refuseDrops(world, 'network-loss', 'loss');
    return chooseNodes(world, node);
  },
  means: () => ({ kind: 'nothing' }),

  async inject(world, targets, { loss, hold }) {
    const nodes = nodesOf(targets);
    const port = peerPort(world.platform);
    const failures = async (node: string) => {
      const host = world.inspection.nodes.find(({ name }) => name === node)?.address ?? '';
      const answers = await Promise.all(Array.from({ length: TRIES }, () => answersTcp(host, port, TRY_TIMEOUT)));
      return answers.filter((answer) => !answer).length;
    };
    const look = (node: string) =>
      poll(
        () => failures(node),
        (failed) => failed === 0,
        { timeout: HEARD_WITHIN, every: 500 },
      );
    const missed = await Promise.all(nodes.map(look));
    for (const [index, node] of nodes.entries()) refuseDeaf(node, missed[index]!, port);
    const match = ['-m', 'statistic', '--mode', 'random', '--probability', loss.toFixed(6)];
    const done = await dropPackets(world, nodes, { what: WHAT, match, hold });
    return {
      // Not every attempt has to fail: one failure is enough, as none failed before.
      confirm: (timeout) => {
        const rounds = new Map<string, number[]>(nodes.map((node) => [node, []]));
        return lookForAll(nodes, timeout, async (node) => {
          const own = rounds.get(node)!;
          own.push(await failures(node));
          const [tried, lost] = [own.length * TRIES, own.reduce((sum, one) => sum + one)];
          return lost > 0 ? `${node}: ${lost} of ${tried} connections not answered at once, none before` : undefined;
        });
      },
      heal: () => undoAll(done),
      confirmHealed: (timeout) => {
        const good = new Map<string, number>();
        const enough = enoughTries(loss);
        return lookForAll(nodes, timeout, async (node) => {
          const inARow = (await failures(node)) === 0 ? (good.get(node) ?? 0) + TRIES : 0;
          good.set(node, inARow);
          return inARow >= enough ? `${node}: ${inARow} of ${inARow} connections answered at once` : undefined;
        });
      },
    };
  },
};

/** How many connections must be answered at once, each by a packet each way, to be in one of a hundred cases a loss that goes on. */
const enoughTries = (loss: number) => Math.max(TRIES, Math.log(0.01) / (2 * Math.log(1 - loss)));

/** Throws OperatorError for a node whose port is not heard each time before: what is not heard later would prove nothing. */
function refuseDeaf(node: string, failed: number, port: number): void {
  if (failed === 0) return;
  throw new OperatorError(
    `${node}: ${failed} of ${TRIES} connections to port ${port} were not answered at once, before any packet was dropped`,
    { hint: 'the loss is proven by that port, by which nodes speak to each other: can it be reached from here?' },
  );
}
