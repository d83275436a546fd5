import { expect, test } from 'vitest';
import { awsSignature } from '../../../src/util/aws-signature.ts';

const credentials = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  sessionToken: undefined,
};
const token = 'AQoDYXdzEJr//////////wEaoAK1wvxJY12r2IrDFT2IvAzTCn3zHoZ7YNtpiQLF0MqZye/qwjzP2iEXAMPLE';
const now = new Date('2026-11-26T12:00:00.789Z');

/** What aws4fetch 1.0.20 signs these requests with. */
const cases = [
  {
    url: 'https://runtime.sagemaker.eu-central-1.amazonaws.com/endpoints/fraud/invocations',
    headers: { 'content-type': 'application/json' },
    body: '{"instances":[[1,2.5]]}',
    region: 'eu-central-1',
    sessionToken: undefined,
    signs: 'content-type;host;x-amz-date',
    signature: 'c3dc6c80e33d9e551efd92476812ada0316dacabd1febcaddd86cf3dc34c1bf4',
  },
  {
    url: 'https://runtime.sagemaker.us-east-1.amazonaws.com/endpoints/a%20b%C3%A9/invocations',
    headers: { 'content-type': 'application/json', 'x-amzn-sagemaker-target-variant': 'blue' },
    body: '{"text":"Grüße"}',
    region: 'us-east-1',
    sessionToken: token,
    signs: 'content-type;host;x-amz-date;x-amz-security-token;x-amzn-sagemaker-target-variant',
    signature: 'ac1def793b748dbe0f7b49cd5fe9f72bcaabe4e9a05984e6bad4c589df4fe43c',
  },
  {
    url: 'http://127.0.0.1:8080/proxy/endpoints/m/invocations',
    headers: {},
    body: '',
    region: 'cn-north-1',
    sessionToken: undefined,
    signs: 'host;x-amz-date',
    signature: 'e2074ffb1c5e4aa32f1d599133206a526761d56220717a01d2f2d5a239087574',
  },
];

test.each(cases)(
  'a request is signed as aws4fetch signs it: $url',
  ({ sessionToken, signs, signature, ...request }) => {
    const scope = `20261126/${request.region}/sagemaker/aws4_request`;
    const added = awsSignature(
      { ...request, method: 'POST', service: 'sagemaker' },
      { ...credentials, sessionToken },
      now,
    );
    expect(added).toEqual({
      'x-amz-date': '20261126T120000Z',
      ...(sessionToken !== undefined && { 'x-amz-security-token': sessionToken }),
      authorization: `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/${scope}, SignedHeaders=${signs}, Signature=${signature}`,
    });
  },
);
