import { z } from 'zod';
import { OperatorError } from '../units/operator-error.ts';
import { duration, formatDuration } from '../units/units.ts';
import { lookForAll } from './evidence.ts';
import type { Fault, World } from './fault.ts';
import { answersTcp, PACKET_NEEDS, peerPort } from './packets/packets.ts';
import { chooseNodes, nodeSelector } from './selector.ts';
import { nodesOf, runOnAll, undoAll } from './targets.ts';

const options = z.strictObject({
  node: nodeSelector,
  delay: duration
    .refine((ms) => ms >= 1 && ms <= 10_000, { error: 'expected 1ms to 10s' })
    .meta({ description: 'How much longer each packet takes that the node sends.', examples: ['100ms'] }),
  hold: duration.prefault('60s').meta({ description: 'How long packets are delayed.' }),
});

/** After `hold` and this much more packets are delayed no more, whatever became of the suite. */
const DEAD_MAN_MARGIN = 30_000;
const TRIES = 7;
const LONGEST_TRY = 30_000;
/** Of the delay, so much at least must be seen: a connection is made in one round trip. */
const SEEN = 0.8;

/** A long way: whatever the node sends arrives later. It needs netem in the node's kernel, which the cluster file must say. */
export const networkDelay: Fault<z.output<typeof options>> = {
  name: 'network-delay',
  summary: 'delays what a node sends by the cards of its default routes, for `hold`',
  options,
  needs: () => [...PACKET_NEEDS, 'kernel.netem'],
  hold: ({ hold }) => hold,
  aim: (world, { node }) => chooseNodes(world, node),
  means: () => ({ kind: 'nothing' }),

  async inject(world, targets, { delay, hold }) {
    const nodes = nodesOf(targets);
    const before = new Map(await Promise.all(nodes.map(async (node) => [node, await heardTrip(world, node)] as const)));
    const name = `brownout-${world.run}-delay`;
    const seconds = String(Math.ceil((hold + DEAD_MAN_MARGIN) / 1000));
    const argv = ['sh', '-c', DELAY, 'delay', seconds, `${Math.round(delay * 1000)}us`, limitFor(delay)];
    const done = await runOnAll(world, nodes, { name, argv });
    const longer = async (node: string): Promise<number | undefined> => {
      const now = await roundTrip(world, node);
      return now === undefined ? undefined : now - before.get(node)!;
    };
    return {
      confirm: (timeout) =>
        lookForAll(nodes, timeout, async (node) => {
          const more = await longer(node);
          return more !== undefined && more >= delay * SEEN
            ? `${node}: a connection takes ${formatDuration(more)} longer than before`
            : undefined;
        }),
      heal: () => undoAll(done),
      confirmHealed: (timeout) =>
        lookForAll(nodes, timeout, async (node) => {
          const more = await longer(node);
          return more !== undefined && more < delay * SEEN
            ? `${node}: a connection takes as long as before`
            : undefined;
        }),
    };
  },
};

/** netem holds 1000 packets unless told, and drops what comes beyond them: enough for 50,000 a second. */
const limitFor = (delay: number) => String(Math.max(1000, Math.ceil(delay * 50)));

/** Throws OperatorError for a node that is not heard before: nothing would prove that it is later. */
async function heardTrip(world: World, node: string): Promise<number> {
  const found = await roundTrip(world, node);
  if (found !== undefined) return found;
  throw new OperatorError(`${node} does not answer on port ${peerPort(world.platform)}, before anything is delayed`, {
    hint: 'the delay is proven by that port, by which nodes speak to each other: can it be reached from here?',
  });
}

/** The median of some attempts, ms; undefined when the node does not answer. */
async function roundTrip(world: World, node: string): Promise<number | undefined> {
  const host = world.inspection.nodes.find(({ name }) => name === node)?.address ?? '';
  const times: number[] = [];
  for (let tries = 0; tries < TRIES; tries += 1) {
    const began = performance.now();
    if (!(await answersTcp(host, peerPort(world.platform), LONGEST_TRY))) return undefined;
    times.push(performance.now() - began);
  }
  return times.sort((a, b) => a - b)[Math.floor(TRIES / 2)];
}

/**
 * Runs on the node for `$1` seconds and delays by `$2`, at most `$3` packets at once, on every network card with a default route. A queue that somebody has
 * set up there is left alone: the kernel's own, which have no handle, come back by themselves.
 */
const DELAY = `
set -eu
seconds=$1 delay=$2 limit=$3
devices=$(ip route show default | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p' | sort -u)
[ -n "$devices" ] || { echo 'no network card has a default route' >&2; exit 1; }
for device in $devices; do
  if tc qdisc show dev "$device" root | grep -qvE ' (noqueue|mq|fq|fq_codel|pfifo_fast) 0: '; then
    echo "$device has a queue of its own" >&2; exit 1
  fi
done
heal() { trap - EXIT; for device in $devices; do tc qdisc del dev "$device" root netem 2>/dev/null || true; done; }
trap 'heal; exit 0' TERM INT HUP
trap heal EXIT
for device in $devices; do tc qdisc add dev "$device" root netem delay "$delay" limit "$limit"; done
[ -z "\${BROWNOUT_IN_EFFECT:-}" ] || : > "$BROWNOUT_IN_EFFECT"
sleep "$seconds" &
wait $!
`;
