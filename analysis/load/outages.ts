import type { Bracket, LoadSecond } from '../../recording/recording.ts';

/** Seconds in a row in which requests of the load fell due and not one was answered well. Times since the recording's origin, ms. */
export interface LoadOutage {
  /** From the beginning of the last second with a good answer to when the first request of a second without one was seen to fail. */
  start: Bracket;
  /** From the last request of a second without a good answer to the latest moment of the next second's first one. */
  end: Bracket;
  open: boolean;
  /** The true length lies in [inner, outer]. Where nothing was sent for a time in it, it may have been several short ones, and nothing of it is certain. */
  inner: number;
  outer: number;
  /** Requests that fell due in it. */
  offered: number;
}

const SECOND = 1000;

type Asked = LoadSecond & { spacing: number };

/**
 * The outages that a load has seen, at the width of its seconds: when in a second a request was due is not recorded. Seconds in which nothing
 * was sent neither begin nor end one. An outage before the first good answer begins with the load: its beginning is not known.
 *
 * @param isEven requests are spread evenly over a second, by the clock. Those of a closed model come in bursts; and so may those of a script.
 */
export function loadOutages(seconds: readonly LoadSecond[], isEven: boolean): LoadOutage[] {
  const sending = seconds.filter(({ sent }) => sent > 0);
  const asked = sending.map((second, index) => {
    const isBetween = isNext(sending[index - 1], second) && isNext(second, sending[index + 1]);
    // Between two requests that were sent, ms. Of a second in which the load begins, ends, or rests, only a part may have been asked, and of one with dropped requests too.
    return { ...second, spacing: isEven && isBetween && second.dropped === 0 ? SECOND / second.offered : SECOND };
  });
  const found: LoadOutage[] = [];
  let from: number | undefined;
  for (const [index, { ok }] of asked.entries()) {
    if (ok === 0) from ??= index;
    else if (from !== undefined) {
      found.push(outageOf(asked, from, index));
      from = undefined;
    }
  }
  if (from !== undefined) found.push(outageOf(asked, from, asked.length));
  return found;
}

/** It is the second after that one: nothing rested between them. */
const isNext = (one: LoadSecond | undefined, next: LoadSecond | undefined) =>
  one !== undefined && next?.at === one.at + SECOND;

/** `to`: the second after the last one without a good answer. */
function outageOf(asked: readonly Asked[], from: number, to: number): LoadOutage {
  const [before, first, last, after] = [asked[from - 1], asked[from]!, asked[to - 1]!, asked[to]];
  const start = {
    from: before?.at ?? first.at,
    // A request that hangs is seen to fail when the slowest of those before it would have been answered, as for probes.
    to: first.at + first.spacing + (before?.max ?? SECOND),
  };
  const end = {
    from: last.at + SECOND - last.spacing,
    to: after ? after.at + SECOND + after.max : last.at + SECOND,
  };
  // While nothing was asked it may have been there.
  const rests = asked.slice(from + 1, to).some((second, index) => !isNext(asked[from + index], second));
  return {
    start,
    end,
    open: after === undefined,
    inner: rests ? 0 : Math.max(0, end.from - start.to),
    outer: end.to - start.from,
    offered: asked.slice(from, to).reduce((sum, { offered }) => sum + offered, 0),
  };
}
