import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import tls from 'node:tls';
import { noSpan } from '../diagnostics/source.ts';
import { SqlError } from '../diagnostics/sql-error.ts';

/** Where the certificate of an https listener is, and whose certificates its clients need. */
export interface TlsSettings {
  readonly keystore: string | undefined;
  readonly key: string | undefined;
  readonly password: string | undefined;
  readonly keyPassword: string | undefined;
  readonly truststore: string | undefined;
  readonly clients: 'none' | 'requested' | 'required';
}

const watchMs = 1000;
const isPem = (bytes: Buffer): boolean => bytes.includes('-----BEGIN ');
/** How a Java key store begins. */
const javaMagic = Buffer.from([0xfe, 0xed, 0xfe, 0xed]);

const refuse = (name: string, value: string, why: string): never => {
  throw new SqlError('INVALID_SETTING', noSpan, { name, value, why });
};

function bytesOf(name: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    return refuse(name, path, `the file cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}`);
  }
}

/** Reads the certificate and checks that it can serve; an error names the setting. */
export function readCertificate(settings: TlsSettings): tls.SecureContextOptions {
  const { keystore, key, password, keyPassword, truststore, clients } = settings;
  if (keystore === undefined) return refuse('ssl.keystore.location', '', 'an https listener needs a certificate');
  if (clients !== 'none' && truststore === undefined)
    return refuse('ssl.client.authentication', clients, 'it needs ssl.truststore.location');
  const store = bytesOf('ssl.keystore.location', keystore);
  if (store.subarray(0, 4).equals(javaMagic))
    refuse('ssl.keystore.location', keystore, 'it is a JKS file: keytool -importkeystore makes PKCS12 of it');
  const authorities = truststore === undefined ? undefined : bytesOf('ssl.truststore.location', truststore);
  if (authorities !== undefined && !isPem(authorities))
    refuse('ssl.truststore.location', truststore!, 'it must be a PEM file');
  const own = isPem(store)
    ? {
        cert: store,
        key: key === undefined ? store : bytesOf('ssl.keystore.key.location', key),
        ...(keyPassword === undefined ? {} : { passphrase: keyPassword }),
      }
    : { pfx: store, ...(password === undefined ? {} : { passphrase: password }) };
  const context = { ...own, ...(authorities === undefined ? {} : { ca: authorities }) };
  try {
    tls.createSecureContext(context);
  } catch (error) {
    refuse('ssl.keystore.location', keystore, `no certificate with its key: ${(error as Error).message}`);
  }
  return context;
}

/**
 * A TLS listener. When a file of its certificate changes it is read again; connections that are open stay as they are, and one
 * that cannot be used leaves the former in place and is reported.
 */
export function listenTls(
  settings: TlsSettings,
  report: (text: string) => void,
  onSocket: (socket: tls.TLSSocket) => void,
  protocols: string[] = ['h2', 'http/1.1'],
): tls.Server {
  const server = tls.createServer(
    {
      ...readCertificate(settings),
      ALPNProtocols: protocols,
      requestCert: settings.clients !== 'none',
      rejectUnauthorized: settings.clients === 'required',
    },
    (socket) => {
      // A certificate that was shown must be one of those trusted, though none has to be.
      if (settings.clients === 'requested' && !socket.authorized && hasCertificate(socket)) socket.destroy();
      else onSocket(socket);
    },
  );
  const files = [settings.keystore, settings.key, settings.truststore].flatMap((path) => path ?? []);
  const reload = (): void => {
    try {
      server.setSecureContext(readCertificate(settings));
      report('the certificate was read again');
    } catch (error) {
      report(`the former certificate stays: ${(error as Error).message}`);
    }
  };
  for (const path of files) watchFile(path, { interval: watchMs, persistent: false }, reload);
  server.on('close', () => {
    for (const path of files) unwatchFile(path, reload);
  });
  return server;
}

const hasCertificate = (socket: tls.TLSSocket): boolean => Object.keys(socket.getPeerCertificate()).length > 0;
