import type { Phase, RunEvent } from '../recording/recording.ts';
import { formatDuration } from '../units/units.ts';
import { sayBacklog, sayMany } from './wording.ts';

export interface EventLine {
  text: string;
  bad: boolean;
}

/** An event in one line; undefined if it is not worth showing. `took`: how long a phase has taken, ms. */
export function sayEvent(event: RunEvent, took: (phase: Phase) => number | undefined): EventLine | undefined {
  const say = (text: string, bad = false): EventLine => ({ text, bad });
  switch (event.kind) {
    case 'phase': {
      if (event.state === 'begin') return say(`${event.phase} …`);
      const ms = took(event.phase);
      const after = ms === undefined ? '' : ` after ${formatDuration(ms)}`;
      if (event.state === 'end') return say(`${event.phase} done${after}`);
      return say(`${event.phase} failed${after}${event.message ? `: ${event.message}` : ''}`, true);
    }
    case 'targets':
      return say(
        `${event.fault} will hit ${event.targets.map((target) => `${sayTarget(target)} (${target.why})`).join(', ')}`,
      );
    case 'act':
      if (event.error !== undefined) return say(`${event.act.verb} failed: ${event.error}`, true);
      return event.fault ? say(`${event.healing ? 'healed' : 'fault'}: ${event.fault}, ${event.act.verb}`) : undefined;
    case 'evidence': {
      const what = event.of === 'fault' ? 'the fault is there' : 'the fault is gone';
      if (!event.evidence) return say(`${event.fault}: no proof that ${what}`, true);
      return say(`${event.fault}: ${what}: ${event.evidence.text}`);
    }
    case 'platform':
      return say(event.event.text);
    case 'stop':
      return say(`stop condition met: ${event.text}`, true);
    case 'prober':
      return event.error === undefined ? undefined : say(`the prober failed: ${event.error}`, true);
    case 'load-begin':
      return say(`load begins: ${event.what}${event.target === undefined ? '' : ` to ${event.target}`}`);
    case 'load-end': {
      const failed = typeof event.report?.outcome === 'object' ? event.report.outcome.failed : event.error;
      if (failed !== undefined || !event.report)
        return say(`the load failed: ${failed ?? 'no reason was recorded'}`, true);
      return say(`load ended: ${sayMany(event.report.totals.sent, 'request')} sent by ${event.report.engine}`);
    }
    case 'backlog':
      return say(`${event.stream}: ${sayBacklog(event)}`, event.left !== 0);
    case 'readback':
      if (event.ids === null)
        return say(`${event.stream}: could not be read back: ${event.error ?? 'no reason was recorded'}`, true);
      return say(`${event.stream}: ${sayMany(event.ids.length, 'write')} read back`);
    case 'difference':
      if (event.left === null) return say(`not compared: ${event.error ?? 'no reason was recorded'}`, true);
      return event.left.length > 0
        ? say(`not as before: ${event.left.join('; ')}`, true)
        : say('no difference of the cluster from its state before the run');
    case 'warning':
      return say(`warning: ${event.text}`, true);
    case 'inspection':
      return undefined;
  }
}

function sayTarget(target: Extract<RunEvent, { kind: 'targets' }>['targets'][number]): string {
  switch (target.kind) {
    case 'node':
      return `node ${target.node}`;
    case 'member':
      return `a member of ${target.member.service} on ${target.node}`;
    case 'service':
      return `service ${target.service}`;
  }
}
