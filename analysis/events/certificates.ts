import type { RunEvent } from '../../recording/recording.ts';
import type { Findings } from '../findings.ts';

/** What each entry with TLS showed, as it was recorded last. */
export function certificatesOf(events: RunEvent[]): NonNullable<Findings['certificates']> {
  const shown = events.flatMap((event) => (event.kind === 'certificate' ? [event] : []));
  const last = new Map(
    shown.map(({ target, certificate, error }) => [
      target,
      { target, certificate, ...(error === undefined ? {} : { error }) },
    ]),
  );
  return [...last.values()];
}
