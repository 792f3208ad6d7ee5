/**
 * The cluster at one moment, by one node's word: three questions, however many guests there are. A node without a majority answers with
 * what it knew, and so does one that has just come back; neither is believed.
 */
import { OperatorError } from '../../../units/operator-error.ts';
import { sleep } from '../../../units/sleep.ts';
import type { Api } from '../api/api.ts';
import { ApiError, FOREIGN } from '../api/api-error.ts';
import type { Answers } from '../api/calls.ts';
import { ClusterIdentity } from '../api/identity.ts';

type Resource = Answers<'GET', '/cluster/resources'>[number];
type Manager = Answers<'GET', '/cluster/ha/status/manager_status'>;

export interface ViewNode {
  name: string;
  address: string;
  /** In corosync's membership: the first to know that it is not. */
  online: boolean;
  /** The CRM's word: `online`, `maintenance`, `unknown`, `fence`, `gone`. Undefined where HA has never had anything to do. */
  ha: string | undefined;
  lrm: Manager['lrm_status'][string] | undefined;
  /** Somebody has asked for its maintenance, and not taken that back. */
  isToBeEmpty: boolean;
}

export interface View {
  endpoint: string;
  /** How long that node took to answer, ms. */
  took: number;
  nodes: ViewNode[];
  /** Rows of the guests as the cluster has them. `status` of a dead node's guest stays `running`. */
  guests: (Resource & { vmid: number; node: string })[];
  quorate: boolean;
  master: string | undefined;
  services: Manager['manager_status']['service_status'];
  /** When the master wrote `services`, at the end of a round, by its own clock, epoch s; 0 where there never was one. */
  decided: number;
  /** When the HA stack last wrote anything, by its own clocks, epoch s. */
  written: number;
}

/** How long one question may take: a node that is alive answers these from memory. */
const TIMEOUT = 4_000;
/** As for any other question, ms. */
const PATIENCE = 20_000;
const PAUSE = 1_000;

/** Nobody was believed this time. */
class Unbelieved extends OperatorError {}

/** Looks, and remembers how new the newest look was: what is older than that is nobody's news. */
export class Viewer {
  readonly #api: Api;
  #newest = 0;

  constructor(api: Api) {
    this.#api = api;
  }

  /**
   * By the first endpoint that is believed; round and round while none is. Throws OperatorError when the time is over.
   *
   * @param asking.patience how long a round may begin, ms; one there is at least
   */
  async look({ signal, patience = PATIENCE }: { signal?: AbortSignal; patience?: number } = {}): Promise<View> {
    const deadline = performance.now() + patience;
    for (;;) {
      try {
        return await this.#round(signal);
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof Unbelieved) || performance.now() + PAUSE > deadline) throw error;
        await sleep(PAUSE, signal);
      }
    }
  }

  async #round(signal: AbortSignal | undefined): Promise<View> {
    const failures: string[] = [];
    let foreign = 0;
    for (const endpoint of this.#api.endpoints) {
      try {
        const view = await this.#at(endpoint, signal);
        const doubt = this.#doubt(view);
        if (doubt === undefined) {
          this.#newest = view.written;
          return view;
        }
        failures.push(`${endpoint} ${doubt}`);
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof ApiError) || !mayDiffer(error, this.#api.access.known)) throw error;
        failures.push(error.message);
        if (error.trouble === 'foreign') foreign += 1;
      }
    }
    // Where nothing that answers is PVE's API, no node has said anything.
    const isElsewhere = foreign === failures.length;
    throw new Unbelieved(`no node with a majority of the cluster answers (${failures.join('; ')})`, {
      hint: isElsewhere
        ? FOREIGN
        : 'are most of the nodes alive, and do `endpoints` in the cluster file name several of them?',
    });
  }

  async #at(endpoint: string, signal: AbortSignal | undefined): Promise<View> {
    const began = performance.now();
    const asking = { endpoint, patience: 0, timeout: TIMEOUT, signal };
    const [status, resources, ha] = await Promise.all([
      this.#api.get('/cluster/status', {}, asking),
      this.#api.get('/cluster/resources', { type: 'vm' }, asking),
      this.#api.get('/cluster/ha/status/manager_status', {}, asking),
    ]);
    this.#api.bind(new ClusterIdentity(status), endpoint);
    const { manager_status: manager, lrm_status: lrms } = ha;
    const cluster = status.find((row) => row.type === 'cluster');
    const nodes = status.flatMap((row) =>
      row.type === 'node'
        ? {
            name: row.name,
            address: row.ip ?? '',
            online: row.online,
            ha: manager.node_status[row.name],
            lrm: lrms[row.name],
            isToBeEmpty: manager.node_request[row.name]?.maintenance ?? false,
          }
        : [],
    );
    const written = [manager.timestamp, ...Object.values(lrms).map(({ timestamp }) => timestamp)];
    return {
      endpoint,
      took: performance.now() - began,
      nodes: nodes.sort((a, b) => a.name.localeCompare(b.name)),
      guests: resources.flatMap((row) =>
        row.vmid === undefined || row.node === undefined ? [] : { ...row, vmid: row.vmid, node: row.node },
      ),
      // A node that is alone has no row of a cluster.
      quorate: (cluster?.quorate ?? true) && ha.quorum.quorate,
      master: manager.master_node,
      services: manager.service_status,
      decided: manager.timestamp ?? 0,
      written: Math.max(0, ...written.map((time) => time ?? 0)),
    };
  }

  #doubt({ quorate, written }: View): string | undefined {
    if (!quorate) return 'has no majority';
    // The nodes write each 5 to 10 s, whoever of them is dead. Three nodes' clocks differ by less than a second, as a rule.
    if (written < this.#newest - 1)
      return `knows nothing newer than ${this.#newest - written} s ago: it has just come back`;
    return undefined;
  }
}

/** Another node may say something else; not of a name that was never good, or where nobody has proved yet who it is. */
function mayDiffer({ trouble, passes }: ApiError, known: boolean): boolean {
  return passes || (['untrusted', 'unauthenticated'].includes(trouble) && known);
}

/** The node is there, by corosync and by the CRM: what the API shows of its guests may be true. */
export function isThere(node: ViewNode | undefined): boolean {
  return node?.online === true && !['unknown', 'fence', 'gone'].includes(node.ha ?? 'online');
}

export const isOnline = ({ nodes }: Pick<View, 'nodes'>, name: string) =>
  nodes.some((node) => node.name === name && node.online);
