import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Scored } from '../../../src/runtime/ports/model-host.ts';
import {
  array,
  BIGINT,
  BOOLEAN,
  DOUBLE,
  INTEGER,
  STRING,
  type Row,
  type SqlType,
} from '../../../src/types/sql-type.ts';
import { scoredBy } from '../../support/one-version.ts';

/** One tensor of the binary data extension, as its specification has it; `data` of BYTES is text. */
interface Told {
  readonly name: string;
  readonly shape: readonly number[];
  readonly datatype: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
}
interface Answer {
  readonly json: object;
  readonly bytes?: Buffer;
  /** The length that the answer's head says the JSON has; that which it has where this is undefined. */
  readonly told?: string | null;
}
let server: Server;
let metadata: object = {};
let answer: (inputs: readonly (Told & { readonly bytes: Buffer })[]) => Answer;
const requests: { readonly head: Record<string, unknown>; readonly headers: Record<string, unknown> }[] = [];
beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (request.method === 'GET') return void response.end(JSON.stringify(metadata));
      const body = Buffer.concat(chunks);
      let at = Number(request.headers['inference-header-content-length']);
      const head = JSON.parse(body.toString('utf8', 0, at)) as { inputs: Told[] };
      requests.push({ head: head, headers: request.headers });
      const inputs = head.inputs.map((input) => {
        const from = at;
        at += input.parameters!['binary_data_size'] as number;
        return { ...input, bytes: body.subarray(from, at) };
      });
      expect(at).toBe(body.length);
      const { json, bytes = Buffer.alloc(0), told } = answer(inputs);
      const text = Buffer.from(JSON.stringify(json));
      if (told !== null) response.setHeader('Inference-Header-Content-Length', told ?? text.length);
      response.end(Buffer.concat([text, bytes]));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => server.close());
beforeEach(() => {
  requests.length = 0;
  metadata = {};
});

async function scored(
  rows: readonly Row[],
  { input = DOUBLE, output = DOUBLE, options = {} }: { input?: SqlType; output?: SqlType; options?: object } = {},
): Promise<readonly Scored[]> {
  const common = { PROVIDER: 'OIP-V2', MODEL_NAME: 'm', BINARY: 'true', VALIDATE: 'OFF' };
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const version = { version: 1, options: { ...common, ENDPOINT: endpoint, ...options } };
  const columns = { input: [{ name: 'X', type: input }], output: [{ name: 'Y', type: output }] };
  return scoredBy(version, columns, rows);
}
const values = (scores: readonly Scored[]): unknown[] => scores.map(({ outputs, error }) => outputs?.[0] ?? error);
const output = (bytes: Buffer, told: Partial<Told> = {}): Answer => {
  const parameters = { binary_data_size: bytes.length };
  return { json: { outputs: [{ name: 'Y', datatype: 'FP64', shape: [1], parameters, ...told }] }, bytes };
};
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

// Each with the bytes that the specification asks for: little-endian, a BOOL in a byte, half floats of IEEE 754.
const types: readonly [string, SqlType, Row[number], string, Row[number]?][] = [
  ['BOOL', BOOLEAN, true, '01'],
  ['BOOL', BOOLEAN, false, '00'],
  ['UINT8', INTEGER, 200, 'c8'],
  ['UINT16', INTEGER, 258, '0201'],
  ['UINT32', BIGINT, 4294967294, 'feffffff'],
  ['UINT64', BIGINT, 9007199254740993n, '0100000000002000'],
  ['INT8', INTEGER, -2, 'fe'],
  ['INT16', INTEGER, -2, 'feff'],
  ['INT32', INTEGER, -2, 'feffffff'],
  ['INT64', BIGINT, -9007199254740993n, 'ffffffffffffdfff'],
  ['FP16', DOUBLE, -1.5, '00be'],
  ['FP16', DOUBLE, 0.1, '662e', 0.0999755859375],
  ['FP32', DOUBLE, 0.5, '0000003f'],
  ['FP32', DOUBLE, 0.1, 'cdcccc3d', Math.fround(0.1)],
  ['FP64', DOUBLE, 0.1, '9a9999999999b93f'],
  ['FP64', DOUBLE, Infinity, '000000000000f07f'],
  ['BYTES', STRING, 'añ\u0000', '04000000 61c3b100'],
  ['BYTES', STRING, '', '00000000'],
];
test.each(types)('%s carries %o both ways: %s', async (datatype, type, value, bytes, back = value) => {
  metadata = {
    inputs: [{ name: 'X', datatype, shape: [-1, 1] }],
    outputs: [{ name: 'Y', datatype, shape: [-1, 1] }],
  };
  let seen: unknown;
  answer = ([input]) => {
    seen = [input!.name, input!.datatype, input!.shape, input!.bytes.toString('hex')];
    return output(input!.bytes, { datatype, shape: input!.shape });
  };
  expect(values(await scored([[value]], { input: type, output: type, options: { VALIDATE: 'ON' } }))).toEqual([back]);
  expect(seen).toEqual(['X', datatype, [1, 1], bytes.replaceAll(' ', '')]);
});

test('a request says how long its JSON is, and asks for outputs as bytes', async () => {
  answer = () => output(hex('000000000000f03f'));
  await scored([[1]], { options: { OUTPUT_MAP: 'y=Y' } });
  expect(requests[0]!.headers['content-type']).toBe('application/octet-stream');
  expect(requests[0]!.head).toEqual({
    inputs: [{ name: 'X', shape: [1, 1], datatype: 'FP64', parameters: { binary_data_size: 8 } }],
    outputs: [{ name: 'Y', parameters: { binary_data: true } }],
    parameters: { binary_data_output: true },
  });
});

test('rows of a batch, ARRAYs and NaN are where they belong', async () => {
  answer = ([input]) => output(input!.bytes, { shape: input!.shape });
  const rows = [[[1, 2, NaN]], [[4, 5, 6]]];
  expect(values(await scored(rows, { input: array(DOUBLE), output: array(DOUBLE) }))).toEqual([
    [1, 2, NaN],
    [4, 5, 6],
  ]);
});

test('an output may come as JSON, and another one as bytes', async () => {
  const json = {
    outputs: [
      { name: 'other', datatype: 'INT8', shape: [1], parameters: { binary_data_size: 1 } },
      { name: 'Y', datatype: 'FP64', shape: [1], data: [7] },
      { name: 'more', datatype: 'INT8', shape: [1], parameters: { binary_data_size: 1 } },
    ],
  };
  answer = () => ({ json, bytes: hex('0102') });
  expect(values(await scored([[1]], { options: { OUTPUT_MAP: 'y=Y' } }))).toEqual([7]);
  expect(values(await scored([[1]], { output: INTEGER, options: { OUTPUT_MAP: 'y=more' } }))).toEqual([2]);
  // A server that does not know the extension of answers.
  answer = () => ({ json: { outputs: [{ name: 'Y', datatype: 'FP64', shape: [1], data: [8] }] }, told: null });
  expect(values(await scored([[1]]))).toEqual([8]);
});

const one = '000000000000f03f';
test.each<[string, Answer, SqlType, string]>([
  [
    'fewer bytes than it says',
    output(hex(one), { parameters: { binary_data_size: 16 } }),
    DOUBLE,
    'output "Y" has 16 bytes, and the answer has 8 left',
  ],
  [
    'more bytes than it says',
    output(hex(one + one), { parameters: { binary_data_size: 8 } }),
    DOUBLE,
    'the answer has 8 bytes that belong to no output',
  ],
  ['no size', output(hex(one), { parameters: {} }), DOUBLE, 'output "Y" has no shape or no data'],
  [
    'a size that is none',
    output(hex(one), { parameters: { binary_data_size: -8 } }),
    DOUBLE,
    'output "Y" has -8 bytes',
  ],
  [
    'a size that is text',
    output(hex(one), { parameters: { binary_data_size: '8' } }),
    DOUBLE,
    'output "Y" has 8 bytes, and',
  ],
  [
    'more elements than its shape',
    output(hex(one + one)),
    DOUBLE,
    'output "Y" has the shape [1] and 2 elements for 1 rows',
  ],
  [
    'fewer elements than its shape',
    output(hex(one), { shape: [1, 2] }),
    DOUBLE,
    'output "Y" has the shape [1,2] and 1 elements',
  ],
  ['half an element', output(hex('0000')), DOUBLE, 'output "Y" has 2 bytes, which are no elements of FP64'],
  ['no shape', output(hex(one), { shape: null as never }), DOUBLE, 'output "Y" has no shape'],
  [
    'no datatype',
    output(hex(one), { datatype: undefined as never }),
    DOUBLE,
    'output "Y" is undefined, which no column can be',
  ],
  [
    'a datatype that no column can be',
    output(hex('803f'), { datatype: 'BF16' }),
    DOUBLE,
    'output "Y" is BF16, which no column can be',
  ],
  ['another type than the column', output(hex(one)), STRING, 'output Y: tensor "Y" of float64 cannot give STRING'],
  [
    'a byte that is no boolean',
    output(hex('02'), { datatype: 'BOOL' }),
    BOOLEAN,
    'output "Y" has the byte 2, which is no BOOL',
  ],
  [
    'a text without its end',
    output(hex('05000000 6162'), { datatype: 'BYTES' }),
    STRING,
    'output "Y": text 0 ends behind the tensor',
  ],
  [
    'half a length of a text',
    output(hex('0000'), { datatype: 'BYTES' }),
    STRING,
    'output "Y": text 0 ends behind the tensor',
  ],
  [
    'a text that is not UTF-8',
    output(hex('01000000 ff'), { datatype: 'BYTES' }),
    STRING,
    'output "Y": text 0 is not UTF-8',
  ],
  ['more JSON than bytes', { ...output(hex(one)), told: '999' }, DOUBLE, 'its head says that 999 of them are JSON'],
  ['a length that is none', { ...output(hex(one)), told: 'all' }, DOUBLE, 'its head says that all of them are JSON'],
  ['a length that is too short', { ...output(hex(one)), told: '5' }, DOUBLE, 'the answer is not JSON'],
  ['no outputs', { json: {} }, DOUBLE, 'the answer has no outputs'],
  ['another output', output(hex(one), { name: 'Z' }), DOUBLE, 'the answer has no output "Y"'],
])('an answer with %s is refused, with the cause', async (_, given, type, cause) => {
  answer = () => given;
  const [result] = await scored([[1]], { output: type, options: { OUTPUT_MAP: 'y=Y' } });
  expect(result).toMatchObject({ error: 'BAD_RESPONSE', outputs: undefined });
  expect(result!.cause).toContain(cause);
  expect(requests).toHaveLength(1);
});
