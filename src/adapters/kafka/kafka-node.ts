import type { Node } from '../../runtime/ports/node.ts';
export class KafkaNode {
  static open(_options: unknown): Promise<Node> {
    return Promise.reject(new TypeError('not yet'));
  }
}
