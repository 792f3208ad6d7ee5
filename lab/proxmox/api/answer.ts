/** Answers as Proxmox VE's API gives them: the body, its type, and words in the reason phrase. */
import type { ServerResponse } from 'node:http';
import { NotReady } from '../node/parts.ts';
import { Refusal, wordsOf } from './refusal.ts';
import { Page } from './world.ts';

/** Spelled exactly so: a client compares it. */
const JSON_TYPE = 'application/json;charset=UTF-8';

const COMMON = {
  'Cache-Control': 'max-age=0',
  Connection: 'Keep-Alive',
  Pragma: 'no-cache',
  Server: 'pve-api-daemon/3.0',
};

export function succeed(response: ServerResponse, result: unknown): void {
  const body = result instanceof Page ? { data: result.data, total: result.total } : { data: result ?? null };
  send(response, 200, 'OK', body);
}

export function refuse(response: ServerResponse, error: unknown): void {
  const { status, message, errors, hasBody } = asRefusal(error);
  const body = { data: null, message: `${message.trimEnd()}\n`, ...(errors && { errors }) };
  send(response, status, reasonOf(message), hasBody ? body : undefined);
}

function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  return new Refusal(500, error instanceof NotReady ? 'cluster not ready - no quorum?' : wordsOf(error));
}

/** The first line, without what cannot stand in a header. */
const reasonOf = (message: string) => (message.split('\n')[0] ?? '').replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '?');

function send(response: ServerResponse, status: number, reason: string, body: object | undefined): void {
  if (response.headersSent || response.destroyed) return;
  const bytes = Buffer.from(body === undefined ? '' : JSON.stringify(body));
  const type = body === undefined ? {} : { 'Content-Type': JSON_TYPE };
  response.writeHead(status, reason, { ...COMMON, ...type, 'Content-Length': bytes.length });
  response.end(bytes);
}
