import { routeRights, type Route } from '../access/route-rights.ts';
import { operations, type Content, type Operation } from './operations.ts';
import { ref, schemas, type Schema } from './schemas.ts';

/** The statuses of errors that any route may answer. */
const errorStatuses = ['400', '401', '403', '404', '409', '417', '421', '422', '428', '429', '500', '503'];

/** The form of errors that come before a route is asked: who is not let in. */
const beforeRoutes = ['401', '403', '421'];

/** Describes all routes, by OpenAPI 3.1. */
export function openApiDocument(version: string): Schema {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [method, path, right] of routeRights) {
    const route: Route = `${method} ${path}` as Route;
    const name = path.replace(/:(\w+)/g, '{$1}');
    paths[name] = { ...paths[name], [method.toLowerCase()]: describe(operations[route], path, right) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Millrace',
      version,
      description: 'REST of a Millrace node. The routes of ksqlDB take and answer what ksqlDB does.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: 'http://127.0.0.1:8088' }],
    security: [{}, { basic: [] }, { bearer: [] }],
    paths,
    components: {
      schemas,
      securitySchemes: { basic: { type: 'http', scheme: 'basic' }, bearer: { type: 'http', scheme: 'bearer' } },
    },
  };
}

function describe({ tag, summary, query = {}, body, answers, errors }: Operation, path: string, right: string): Schema {
  const parameters = [
    ...[...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string' },
    })),
    ...Object.entries(query).map(([name, description]) => ({
      name,
      in: 'query',
      description,
      schema: { type: 'string' },
    })),
  ];
  const error = (status: string): Schema => ({
    description: 'An error',
    content: contentOf([
      ['application/json', 'Error'],
      ...(errors === undefined || beforeRoutes.includes(status)
        ? []
        : ([['application/vnd.schemaregistry.v1+json', errors]] as const)),
    ]),
  });
  const refused = errorStatuses
    .filter((status) => !(Number(status) in answers))
    .map((status) => [status, error(status)]);
  const given = Object.entries(answers).map(([status, content]) => [
    status,
    { description: Number(status) < 400 ? 'The answer' : 'Not now', content: contentOf(content) },
  ]);
  return {
    tags: [tag],
    summary,
    'x-millrace-right': right,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { content: contentOf(body) } }),
    responses: Object.fromEntries([...given, ...refused]) as Schema,
  };
}

const contentOf = (content: Content): Schema =>
  Object.fromEntries(content.map(([type, schema]) => [type, schema === 'text' ? {} : { schema: ref(schema) }]));
