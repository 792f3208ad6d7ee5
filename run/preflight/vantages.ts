import { isIP } from 'node:net';
import type { StreamSpec } from '../../probes/probe.ts';
import { lookAt } from '../../probes/vantage/remote-prober.ts';
import { sayPlace, type Vantage } from '../../probes/vantage/vantage.ts';
import { hostOf } from '../../probes/wire/host.ts';
import { OperatorError } from '../../units/operator-error.ts';
import { few } from '../../units/words.ts';
import type { Stage } from '../plan.ts';
import type { PreflightCheck } from './check.ts';

/** Can a prober run at each vantage, and does it find the entries there? Nothing is begun. */
export function vantageChecks({ cluster, streams, probeFiles }: Stage): Promise<PreflightCheck[]> {
  const all = Object.entries(cluster.vantages ?? {});
  return Promise.all(all.map(([name, vantage]) => vantageCheck(name, vantage, streams, probeFiles)));
}

async function vantageCheck(
  name: string,
  vantage: Vantage,
  streams: StreamSpec[],
  kinds: Stage['probeFiles'],
): Promise<PreflightCheck> {
  const what = `vantage ${name}`;
  const hosts = [...new Set(streams.map(({ target }) => hostOf(new URL(target))))].filter((host) => isIP(host) === 0);
  try {
    const { node, addresses } = await lookAt({ vantage, kinds }, hosts);
    const said = hosts.map((host) => ({ host, found: addresses[host] ?? [] }));
    const lost = said.filter(({ found }) => !found.some((address) => isIP(address) !== 0));
    if (lost.length > 0) {
      return {
        what,
        ok: false,
        observed: `${sayPlace(vantage)} does not resolve ${lost.map(({ host, found }) => `${host} (${found.join(', ')})`).join(', ')}`,
        hint: 'The same requests are sent from there: give `entry` addresses that mean the same everywhere.',
      };
    }
    const names = said.map(({ host, found }) => `${host} is ${few(found, { joint: ', ' })} there`);
    const rate = streams.reduce((sum, { every }) => sum + 1000 / every, 0);
    const acts = `the run starts a prober there (${Math.ceil(rate)} requests a second, from memory; nothing is left)`;
    return { what, ok: true, observed: [`${sayPlace(vantage)} has Node ${node}`, ...names, acts].join('; ') };
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    const { message: observed, hint } = error;
    return { what, ok: false, observed, ...(hint === undefined ? {} : { hint }) };
  }
}
