import { setAws } from '../util/aws.ts';
import { address, option, text } from './option.ts';

const orNone = (value: string): string | undefined => value || undefined;

/** Settings about AWS, and about servers that answer as it does. */
export const awsOptions = [
  option({
    name: 'aws.region',
    type: text,
    default: '',
    doc: "The region of DynamoDB and S3; by default as AWS's own tools find it (AWS_REGION, a profile)",
    read: orNone,
  }),
  option({
    name: 'aws.dynamodb.endpoint',
    type: address('http://127.0.0.1:8000'),
    default: '',
    doc: 'A server that answers as DynamoDB does, in its place',
    read: orNone,
  }),
  option({
    name: 'aws.s3.endpoint',
    type: address('http://127.0.0.1:9000'),
    default: '',
    doc: 'A server that answers as S3 does, in its place; buckets are in the path of its addresses',
    read: orNone,
  }),
  option({
    name: 'aws.access.key.id',
    type: text,
    default: '',
    doc: "Who asks; by default as AWS's own tools find it (AWS_ACCESS_KEY_ID, a profile, the role of the machine)",
    read: orNone,
  }),
  option({
    name: 'aws.secret.access.key',
    type: text,
    default: '',
    doc: 'The secret of `aws.access.key.id`',
    read: orNone,
    secret: true,
  }),
] as const;

/** Sets how this thread reaches AWS. */
export function applyAws(settings: Readonly<Record<string, string>>): void {
  const read = (name: (typeof awsOptions)[number]['name']): string | undefined => orNone(settings[name] ?? '');
  setAws({
    region: read('aws.region'),
    endpoints: { dynamodb: read('aws.dynamodb.endpoint'), s3: read('aws.s3.endpoint') },
    accessKeyId: read('aws.access.key.id'),
    secretAccessKey: read('aws.secret.access.key'),
  });
}
