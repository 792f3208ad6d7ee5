import { basename } from 'node:path';
import { formatDuration, formatRate } from '../units/units.ts';
import type { Load, RateOverTime } from './load.ts';

/** How much a load sends, in words: `500/s`, `0/s, 1000/s in 60 s`, `1000 connections, 20000 requests`. */
export function sayAmount(load: Load): string {
  if (load.engine === 'open') return sayRate(load.rate);
  const { connections, amount } = load;
  const { script, rate, runners } = load.engine === 'k6' ? load : {};
  const said = [
    script === undefined ? [] : basename(script),
    rate === undefined ? [] : sayRate(rate),
    connections === undefined ? [] : `${connections} connections`,
    amount === undefined ? [] : `${amount} requests`,
    runners === undefined ? [] : `${runners} runners`,
  ];
  return said.flat().join(', ');
}

function sayRate({ from, stages }: RateOverTime): string {
  if (stages.every(({ rate }) => rate === from)) return formatRate(from);
  return [formatRate(from), ...stages.map((stage) => `${formatRate(stage.rate)} in ${formatDuration(stage.for)}`)].join(
    ', ',
  );
}
