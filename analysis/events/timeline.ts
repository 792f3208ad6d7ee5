import type { RunEvent } from '../../recording/recording.ts';
import type { Findings } from '../findings.ts';

/** Events worth a line on the timeline, in order of time. */
export function timelineOf(events: RunEvent[]): Findings['timeline'] {
  const lines = events.flatMap((event): Findings['timeline'] => {
    const { at } = event;
    switch (event.kind) {
      case 'platform':
        return event.event.kind === 'other' ? [] : [{ at, kind: event.event.kind, text: event.event.text }];
      case 'act': {
        if (event.fault === undefined) return [];
        const failure = event.error === undefined ? '' : ` failed: ${event.error}`;
        return [{ at, kind: event.healing ? 'healing' : 'fault', text: `${event.fault}: ${event.act.verb}${failure}` }];
      }
      case 'evidence': {
        const of = event.of === 'fault' ? 'confirmed' : 'healed';
        return [
          { at, kind: of, text: `${event.fault}: ${event.evidence?.text ?? `not ${of}: no proof from outside`}` },
        ];
      }
      case 'load-begin':
        return [{ at, kind: 'load', text: `load begins: ${event.what}` }];
      case 'load-end':
        return [{ at: event.report?.ended ?? at, kind: 'load', text: 'load ended' }];
      case 'stop':
        return [{ at, kind: 'stop', text: `${event.condition}: ${event.text}` }];
      default:
        return [];
    }
  });
  return lines.sort((a, b) => a.at - b.at);
}
