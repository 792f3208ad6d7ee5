import { run } from './command.ts';

/** A certificate and its key, as files. */
export interface KeyPair {
  certificate: string;
  key: string;
}

export interface Wanted {
  /** In OpenSSL's form. */
  subject: string;
  /** Each as OpenSSL's `-addext` has it. */
  extensions: readonly string[];
  days: number;
  /** Who signs it; itself when absent. */
  by?: KeyPair;
}

/** Makes a key, and a certificate for it. */
export async function makeCertificate(at: KeyPair, { subject, extensions, days, by }: Wanted): Promise<void> {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc', '-keyout', at.key];
  // Without a configuration file of this computer, which may add extensions of its own.
  const command = ['openssl', 'req', '-x509', '-config', '/dev/null', '-days', String(days), '-subj', subject, ...key];
  const signed = by === undefined ? [] : ['-CA', by.certificate, '-CAkey', by.key];
  const added = extensions.flatMap((each) => ['-addext', each]);
  await run([...command, ...signed, ...added, '-out', at.certificate]);
}
