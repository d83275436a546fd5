import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate's files; `both` holds the chain and the key. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
  readonly both: string;
}

/** An authority of a test's own, made by OpenSSL, and certificates that it signs. */
export class Authority {
  readonly folder = mkdtempSync(join(tmpdir(), 'millrace-certificates-'));
  readonly cert = join(this.folder, 'ca.pem');
  #stores = 0;
  readonly #key = join(this.folder, 'ca-key.pem');

  constructor(name = 'Millrace test authority') {
    const subject = ['-subj', `/CN=${name}`, '-addext', 'basicConstraints=critical,CA:TRUE'];
    openssl(['req', '-x509', ...newKey, '-keyout', this.#key, '-out', this.cert, '-days', '30', ...subject]);
  }

  /** A certificate for a server on loopback, or for a client of this name. */
  issue(name: string): CertificateFiles {
    const file = (end: string): string => join(this.folder, `${name}${end}`);
    const files = { cert: file('.pem'), key: file('-key.pem'), both: file('-both.pem') };
    openssl(['req', ...newKey, '-keyout', files.key, '-out', file('.csr'), '-subj', `/CN=${name}`]);
    writeFileSync(file('.ext'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
    const signed = ['-CA', this.cert, '-CAkey', this.#key, '-CAcreateserial', '-days', '30', '-extfile', file('.ext')];
    openssl(['x509', '-req', '-in', file('.csr'), '-out', files.cert, ...signed]);
    writeFileSync(files.both, readFileSync(files.cert, 'utf8') + readFileSync(files.key, 'utf8'));
    return files;
  }

  /** The certificate and its key as a PKCS12 file. */
  pkcs12({ cert, key }: CertificateFiles, password: string): string {
    const path = `${cert}.${this.#stores++}.p12`;
    openssl(['pkcs12', '-export', '-in', cert, '-inkey', key, '-out', path, '-passout', `pass:${password}`]);
    return path;
  }

  /** The key in a PEM file that a password encrypts. */
  encrypted({ key }: CertificateFiles, password: string): string {
    const path = `${key}.${this.#stores++}`;
    openssl(['pkcs8', '-topk8', '-in', key, '-out', path, '-passout', `pass:${password}`]);
    return path;
  }
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
const openssl = (args: readonly string[]): void => void execFileSync('openssl', args, { stdio: 'pipe' });
