import type { ErrorClass } from '../../probe.ts';

/** NTSTATUS codes (MS-ERREF, 2.3.1) that mean more to the probe than their number. */
export const status = {
  ok: 0,
  /** Interim: the answer is still to come. */
  pending: 0x103,
  endOfFile: 0xc0000011,
  moreProcessing: 0xc0000016,
  accessDenied: 0xc0000022,
  nameNotFound: 0xc0000034,
  networkNameDeleted: 0xc00000c9,
} as const;

interface Known {
  name: string;
  error: ErrorClass;
  /** The session or its tree is gone, or cannot be trusted: nothing more is asked on it. */
  ends?: true;
}

const LOGON: Record<number, string> = {
  3221225566: 'NO_LOGON_SERVERS',
  3221225572: 'NO_SUCH_USER',
  3221225578: 'WRONG_PASSWORD',
  3221225581: 'LOGON_FAILURE',
  3221225582: 'ACCOUNT_RESTRICTION',
  3221225583: 'INVALID_LOGON_HOURS',
  3221225584: 'INVALID_WORKSTATION',
  3221225585: 'PASSWORD_EXPIRED',
  3221225586: 'ACCOUNT_DISABLED',
  3221225819: 'LOGON_TYPE_NOT_GRANTED',
  3221225869: 'TRUSTED_RELATIONSHIP_FAILURE',
  3221225875: 'ACCOUNT_EXPIRED',
  3221226020: 'PASSWORD_MUST_CHANGE',
  3221226036: 'ACCOUNT_LOCKED_OUT',
  3221226520: 'NTLM_BLOCKED',
};

const KNOWN = new Map<number, Known>([
  ...Object.entries(LOGON).map(([code, name]): [number, Known] => [Number(code), { name, error: 'logon' }]),
  [status.accessDenied, { name: 'ACCESS_DENIED', error: 'denied' }],
  [0xc0000061, { name: 'PRIVILEGE_NOT_HELD', error: 'denied' }],
  [0xc00000a2, { name: 'MEDIA_WRITE_PROTECTED', error: 'denied' }],
  [0xc0000121, { name: 'CANNOT_DELETE', error: 'denied' }],
  [0xc000003a, { name: 'OBJECT_PATH_NOT_FOUND', error: 'no-share' }],
  [0xc00000be, { name: 'BAD_NETWORK_PATH', error: 'no-share' }],
  [status.networkNameDeleted, { name: 'NETWORK_NAME_DELETED', error: 'no-share', ends: true }],
  [0xc00000cb, { name: 'BAD_DEVICE_TYPE', error: 'no-share' }],
  [0xc00000cc, { name: 'BAD_NETWORK_NAME', error: 'no-share' }],
  [0xc0000044, { name: 'QUOTA_EXCEEDED', error: 'no-space' }],
  [0xc000007f, { name: 'DISK_FULL', error: 'no-space' }],
  [0xc0000043, { name: 'SHARING_VIOLATION', error: 'sharing' }],
  [0xc0000054, { name: 'FILE_LOCK_CONFLICT', error: 'sharing' }],
  [0xc0000056, { name: 'DELETE_PENDING', error: 'sharing' }],
  // Files that the probe put there are not there.
  [0xc000000f, { name: 'NO_SUCH_FILE', error: 'body' }],
  [status.nameNotFound, { name: 'OBJECT_NAME_NOT_FOUND', error: 'body' }],
  [status.endOfFile, { name: 'END_OF_FILE', error: 'body' }],
  [0xc0000203, { name: 'USER_SESSION_DELETED', error: 'protocol', ends: true }],
  [0xc000035c, { name: 'NETWORK_SESSION_EXPIRED', error: 'protocol', ends: true }],
  [status.moreProcessing, { name: 'MORE_PROCESSING_REQUIRED', error: 'protocol', ends: true }],
]);

/** `DISK_FULL`, or its number where it is not known. */
export function nameOf(code: number): string {
  return KNOWN.get(code)?.name ?? `NTSTATUS ${code.toString(16).toUpperCase().padStart(8, '0')}`;
}

/** Why a request failed. `beforeTree`: access was denied to who asks, not to a file. */
export function errorOf(code: number, { beforeTree }: { beforeTree: boolean }): ErrorClass {
  if (beforeTree && code === status.accessDenied) return 'logon';
  return KNOWN.get(code)?.error ?? 'protocol';
}

/** After this answer nothing more is asked on the session. */
export function endsSession(code: number): boolean {
  const known = KNOWN.get(code);
  return known === undefined || known.ends === true;
}
