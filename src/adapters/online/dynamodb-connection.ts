import type * as sdk from '@aws-sdk/client-dynamodb';
import { StoreFailure } from '../../runtime/ports/online-store.ts';
import { awsConfig, awsFailure, awsPlace, onlyOutbound } from '../../util/aws.ts';
import { requirePart } from '../../util/optional-part.ts';

export type DynamoModule = typeof sdk;
export type DynamoClient = sdk.DynamoDBClient;

/** So many requests are under way at a time. */
export const requestsAtOnce = 64;

/** DynamoDB as the settings say it is reached: its client is made at first use, and shared by all tables. */
export class DynamoConnection {
  #opened: Promise<{ readonly module: DynamoModule; readonly client: DynamoClient }> | undefined;

  /** Does something with the client; whatever goes wrong is the store's, which may do it another time. */
  async use<T>(table: string, work: (client: DynamoClient, module: DynamoModule) => Promise<T>): Promise<T> {
    try {
      const { client, module } = await (this.#opened ??= this.#open());
      return await work(client, module);
    } catch (error) {
      throw new StoreFailure(`DynamoDB table ${table}${awsPlace('dynamodb')}: ${awsFailure(error)}`, { cause: error });
    }
  }
  async #open(): Promise<{ readonly module: DynamoModule; readonly client: DynamoClient }> {
    try {
      requirePart('@aws-sdk/client-dynamodb', 'DynamoDB');
      const module = await import('@aws-sdk/client-dynamodb');
      // An endpoint by account would be another host than the one that the operator allows.
      const client = new module.DynamoDBClient({
        ...awsConfig('dynamodb', requestsAtOnce),
        accountIdEndpointMode: 'disabled',
      });
      client.middlewareStack.add(onlyOutbound, { step: 'finalizeRequest', name: 'onlyOutbound' });
      return { module, client };
    } catch (error) {
      this.#opened = undefined;
      throw error;
    }
  }

  async close(): Promise<void> {
    const opened = await this.#opened?.catch(() => undefined);
    opened?.client.destroy();
  }
}
