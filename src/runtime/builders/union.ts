import { Union } from '../operators/union.ts';
import type { Builder } from './context.ts';

export const union: Builder<'union'> = () => new Union();
