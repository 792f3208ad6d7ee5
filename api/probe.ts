/** For kinds of probes of your own project: `probes/<kind>.ts` there exports `probe`. */
export { z } from 'zod';
export { commonHeaders, expectation, HttpProbe, judge, pathOf, targetUrl } from '../probes/http.ts';
export type { Attempt, ErrorClass, HttpQuestion, Probe, ProbeDefinition, Result, StreamSpec } from '../probes/probe.ts';
export { classify } from '../probes/wire/errors.ts';
export type { HttpResponse } from '../probes/wire/http-response.ts';
export { Lookup } from '../probes/wire/lookup.ts';
export { OperatorError } from '../units/operator-error.ts';
