/** What a gate has seen, made by hand: one case of each kind of outcome. */
import type { Gate, GateCase, JudgedOutcome } from '../../reports/gate/gate.ts';
import { suitesOf } from '../../reports/wording.ts';
import { findingsByHand, runByHand } from './findings.ts';

/** A judged run; `expect: fail` and a verdict as the run by hand has them, unless changed. */
export function judgedByHand(change: (outcome: JudgedOutcome) => void = () => undefined): JudgedOutcome {
  const outcome: JudgedOutcome = {
    kind: 'judged',
    gate: 'fail',
    meta: runByHand(),
    findings: findingsByHand(),
    notUndone: [],
    report: '.brownout/runs/20260102-101500-node-kill-7f3a/report.html',
  };
  outcome.meta.scenario.expect = 'pass';
  change(outcome);
  return outcome;
}

export function caseByHand(title: string, outcome: GateCase['outcome'], cluster = 'clusters/lab-swarm.yaml'): GateCase {
  const scenario = `scenarios/voting/${title.replaceAll(' ', '-')}.yaml`;
  return { title, suites: suitesOf(runByHand()), scenario, cluster, outcome };
}

const passes = (outcome: JudgedOutcome) => {
  outcome.gate = 'pass';
  outcome.findings.verdict = 'pass';
  outcome.findings.checks = outcome.findings.checks.filter(({ verdict }) => verdict === 'pass');
};

export function gateByHand(): Gate {
  const other = 'clusters/other.yaml';
  return {
    code: 4,
    cases: [
      caseByHand('passes', judgedByHand(passes)),
      caseByHand('fails', judgedByHand()),
      caseByHand(
        'a weakness',
        judgedByHand((outcome) => {
          outcome.gate = 'pass';
          outcome.meta.scenario.expect = 'fail';
          outcome.findings.checks = outcome.findings.checks.filter(({ verdict }) => verdict !== 'unknown');
        }),
      ),
      caseByHand(
        'a weakness that did not show',
        judgedByHand((outcome) => {
          passes(outcome);
          outcome.gate = 'fail';
          outcome.meta.scenario.expect = 'fail';
        }),
      ),
      caseByHand(
        'proves nothing',
        judgedByHand((outcome) => {
          outcome.gate = 'unknown';
          outcome.findings.verdict = 'unknown';
          outcome.findings.checks = outcome.findings.checks.filter(({ verdict }) => verdict !== 'fail');
        }),
      ),
      caseByHand(
        'leaves something',
        judgedByHand((outcome) => {
          passes(outcome);
          outcome.notUndone = ['power.on w1: it does not answer'];
        }),
        other,
      ),
      caseByHand('is refused', { kind: 'refused', message: 'not ready: w1', hint: 'Bring it back.' }, other),
      caseByHand('is skipped', { kind: 'skipped', reason: 'no way to switch nodes off' }, other),
      caseByHand('never ends', { kind: 'unended' }, other),
    ],
    troubles: [],
    pages: ['.brownout/allure-report/index.html'],
  };
}
