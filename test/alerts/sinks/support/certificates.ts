import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from './program.ts';

export const openssl = findProgram('openssl');

interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** An authority with a certificate for this machine and one for a client, as PEM. */
export function makeCertificates(): { readonly ca: string; readonly server: Pair; readonly client: Pair } {
  const folder = mkdtempSync(join(tmpdir(), 'forewarn-certificates-'));
  const run = (...words: string[]) => execFileSync(openssl!, words, { cwd: folder, stdio: 'pipe' });
  const pem = (name: string) => readFileSync(join(folder, name), 'utf8');
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  try {
    run(
      'req',
      '-x509',
      ...key,
      '-days',
      '2',
      '-keyout',
      'ca.key',
      '-out',
      'ca.pem',
      '-subj',
      '/CN=Test plant CA',
    );
    const pair = (name: string, san: string): Pair => {
      writeFileSync(join(folder, `${name}.ext`), `subjectAltName=${san}\n`);
      run('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
      const signer = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', `${name}.ext`];
      run('x509', '-req', '-in', `${name}.csr`, ...signer, '-days', '2', '-out', `${name}.pem`);
      return { cert: pem(`${name}.pem`), key: pem(`${name}.key`) };
    };
    return {
      ca: pem('ca.pem'),
      server: pair('server', 'DNS:localhost,IP:127.0.0.1'),
      client: pair('client', 'DNS:forewarn'),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
