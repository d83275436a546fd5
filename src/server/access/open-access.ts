import { serverOptions } from '../../config/server-options.ts';
import type { Settings } from '../../config/settings.ts';
import { noSpan } from '../../diagnostics/source.ts';
import { SqlError } from '../../diagnostics/sql-error.ts';
import { Access } from './access.ts';
import { AuditLog } from './audit.ts';
import { readGrants } from './grants.ts';
import { Tokens } from './tokens.ts';
import { readUsers } from './users.ts';
import { WatchedFile } from './watched-file.ts';

const refuse = (name: string, value: string, why: string): never => {
  throw new SqlError('INVALID_SETTING', noSpan, { name, value, why });
};

/** Opens what the settings say of users, rights and limits; settings that nothing would obey are refused. */
export function openAccess(settings: Settings, report: (text: string) => void = () => undefined): Access {
  const methods = serverOptions.read('authentication.method', settings);
  const users = serverOptions.read('authentication.users.file', settings);
  const rights = serverOptions.read('authorization.file', settings);
  const keys = serverOptions.read('oauthbearer.jwks.endpoint.url', settings);
  const { host, isTls } = serverOptions.read('listeners', settings);
  const named = methods.includes('BASIC') || methods.includes('CERTIFICATE');
  if (named && users === undefined)
    refuse('authentication.method', methods.join(','), 'it needs authentication.users.file');
  if (methods.includes('BEARER') && keys === undefined)
    refuse('authentication.method', methods.join(','), 'it needs oauthbearer.jwks.endpoint.url');
  const asksCertificate = isTls && serverOptions.read('ssl.client.authentication', settings) !== 'none';
  if (methods.includes('CERTIFICATE') && !asksCertificate)
    refuse('authentication.method', methods.join(','), 'it needs an https listener with ssl.client.authentication');
  const name = 'authentication.method does not ask for it';
  if (!named && users !== undefined) refuse('authentication.users.file', users, name);
  if (!methods.includes('BEARER') && keys !== undefined) refuse('oauthbearer.jwks.endpoint.url', keys, name);
  if (methods.length === 0 && rights !== undefined)
    refuse('authorization.file', rights, 'without authentication.method nobody has a name');
  if (methods.length > 0 && !isTls && !/^(localhost|127\..*|::1)$/.test(host))
    report(`passwords and tokens come to ${host} in clear text: let listeners be https://`);
  const watched = <T>(setting: string, path: string | undefined, read: (text: string) => T) =>
    path === undefined ? undefined : new WatchedFile(setting, path, read, report);
  return new Access({
    methods,
    realm: serverOptions.read('authentication.realm', settings),
    roles: serverOptions.read('authentication.roles', settings),
    openPaths: serverOptions.read('authentication.skip.paths', settings),
    users: watched('authentication.users.file', users, readUsers),
    tokens:
      keys === undefined
        ? undefined
        : new Tokens(
            {
              keys,
              issuer: serverOptions.read('oauthbearer.expected.issuer', settings),
              audience: serverOptions.read('oauthbearer.expected.audience', settings),
              userClaim: serverOptions.read('oauthbearer.sub.claim.name', settings),
              rolesClaim: serverOptions.read('oauthbearer.groups.claim.name', settings),
            },
            report,
          ),
    grants: watched('authorization.file', rights, readGrants),
    audit: new AuditLog(serverOptions.read('audit.log', settings), report),
    limits: {
      requestBytes: serverOptions.read('limits.user.request.bytes', settings),
      rows: serverOptions.read('limits.user.rows', settings),
      statementsPerMinute: serverOptions.read('limits.user.statements.per.minute', settings),
      pushQueries: serverOptions.read('limits.user.push.queries', settings),
      stalledMs: serverOptions.read('limits.client.stalled.ms', settings),
      onlineEntities: serverOptions.read('limits.online.entities', settings),
      onlineFeatures: serverOptions.read('limits.online.features', settings),
    },
  });
}
