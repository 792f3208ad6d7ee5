/** What is done to nodes. */
import { OperatorError, PermanentError } from '../../../units/operator-error.ts';
import { saysWhenInEffect } from '../../in-effect.ts';
import { AFTER_WAITING, node, oneOf, plainName, text, texts, type Verb } from '../../verb.ts';
import { forgetMaintenance, noteMaintenance } from '../acts/maintenance.ts';
import { restoreShutdownPolicy, setShutdownPolicy } from '../acts/shutdown-policy.ts';
import { BOOT, onceReachable, onNode, tryOnNode } from '../acts/ssh.ts';
import { onCluster, onNodes, POOLS, type ProxmoxContext, question, type Right, SSH, undo, verb } from './entry.ts';
import { addressOf } from './members.ts';

const EXEC_TIMEOUT = 5_000;

/** Runs what faults run on nodes; waits until it has said that its work is done, where it does. Every child ends with it. */
const RUN = `
name=$1 run=$2 port=$3 says=$4; shift 4
folder=/run/brownout/$name
if [ -e "$folder" ]; then [ "$(cat "$folder/run")" = "$run" ] && exit 0; echo "$name is of another run"; exit 77; fi
mkdir -p "$folder" && printf %s "$run" >"$folder/run"
BROWNOUT_API_PORT=$port BROWNOUT_OWN_TRAFFIC=1 BROWNOUT_IN_EFFECT=$folder/in-effect setsid "$@" >"$folder/log" 2>&1 </dev/null &
echo $! >"$folder/pid"
[ "$says" = true ] || exit 0
until [ -e "$folder/in-effect" ]; do kill -0 $! 2>/dev/null || { cat "$folder/log" >&2; rm -rf "$folder"; exit 1; }; sleep 0.02; done`;
/** What it is told to end has time to take its rules away: on a busy node each takes a while. */
const REMOVE = `
name=$1 run=$2
folder=/run/brownout/$name
[ -e "$folder" ] || exit 0
if [ -n "$run" ] && [ "$(cat "$folder/run")" != "$run" ]; then echo "$name is of another run"; exit 77; fi
pid=$(cat "$folder/pid")
kill -TERM "-$pid" 2>/dev/null
for i in $(seq 75); do kill -0 "-$pid" 2>/dev/null || break; sleep 0.2; done
kill -KILL "-$pid" 2>/dev/null
rm -rf "$folder"`;
const REFUSED = 77;

export const nodeVerbs: Record<string, Verb<ProxmoxContext, Right>> = {
  /** `drain` is maintenance mode: only the command line has it. With `run` it is done for that run; without, it is undone. */
  'node.availability': undo(
    { node, availability: oneOf('active', 'pause', 'drain'), run: text.optional() },
    [SSH, POOLS],
    async (context, { node: name, availability, run }) => {
      if (availability === 'pause') {
        throw new PermanentError(`node ${name}: Proxmox has no state in which a node only takes nothing new`, {
          hint: 'drain it',
        });
      }
      // Any node passes it on to the CRM; the one itself may be down.
      const { nodes } = await context.viewer.look();
      const speaker = nodes.find((each) => each.online && each.name !== name) ?? nodes.find((each) => each.online);
      if (!speaker) throw new OperatorError('no node is online');
      const argv = [
        'ha-manager',
        'crm-command',
        'node-maintenance',
        availability === 'drain' ? 'enable' : 'disable',
        name,
      ];
      const before = nodes.find((each) => each.name === name)?.ha === 'maintenance' ? 'drain' : 'active';
      if (run !== undefined) await noteMaintenance(context.api, { node: name, run, before });
      await onNode(context.cluster.ssh, { node: speaker.name, address: speaker.address }, argv);
      if (run === undefined) await forgetMaintenance(context.api, name);
      return undefined;
    },
    ({ run }) => run === undefined,
  ),

  /** In good order, as the cluster's shutdown policy says: no power cut. `power.restore` brings it back. */
  'node.shutdown': verb({ node }, [onNodes('Sys.PowerMgmt')], async ({ api }, { node: name }) => {
    await api.post('/nodes/{node}/status', { node: name, command: 'shutdown' });
    return undefined;
  }),

  /** What becomes of guests when their node is shut down, cluster-wide. */
  'shutdown-policy.set': verb(
    { policy: oneOf('conditional', 'freeze', 'failover', 'migrate'), run: plainName },
    [onCluster('Sys.Modify'), POOLS],
    async ({ api }, { policy, run }) => {
      await setShutdownPolicy(api, policy, run);
      return undefined;
    },
  ),

  'shutdown-policy.restore': undo({ run: plainName }, [onCluster('Sys.Modify'), POOLS], async ({ api }, { run }) => {
    await restoreShutdownPolicy(api, run);
    return undefined;
  }),

  'host.run': verb(
    { node, name: plainName, run: text, argv: texts, saysWhenInEffect },
    [SSH],
    async (context, { node: on, name, run, argv, saysWhenInEffect: says = false }) => {
      const where = await addressOf(context, on);
      const { ssh } = context.cluster;
      const words = [name, run, String(ssh?.port), String(says), ...argv];
      await onNode(ssh, where, ['sh', '-c', RUN, 'run', ...words]);
      return undefined;
    },
  ),

  'host.remove': {
    ...undo({ node, name: plainName }, [SSH], async (context, { node: on, name }, ownRun) => {
      const where = await addressOf(context, on);
      const { code, stdout, stderr } = await onceReachable(context.cluster.ssh, where, [
        'sh',
        '-c',
        REMOVE,
        'remove',
        name,
        ownRun ?? '',
      ]);
      if (code === REFUSED) throw new PermanentError(`${name} on ${on}: ${stdout.trim()}; it is left alone`);
      if (code !== 0) throw new OperatorError(`${name} on ${on} could not be ended: ${(stderr || stdout).trim()}`);
      return undefined;
    }),
    longest: () => BOOT + AFTER_WAITING,
  },
};

export const nodeQueries = {
  /** → { code, stdout }, on a node. */
  'host.exec': question({ node, name: plainName, argv: texts }, [SSH], async (context, { node: on, argv }) => {
    const where = await addressOf(context, on);
    const { code, stdout } = await tryOnNode(context.cluster.ssh, where, argv, { timeout: EXEC_TIMEOUT });
    return { code: code ?? -1, stdout };
  }),
};
