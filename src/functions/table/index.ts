import type { TableFunction } from '../define.ts';
import { cubeExplode } from './cube-explode.ts';
import { explode } from './explode.ts';

/** Every table function. */
export const tableFunctions: readonly TableFunction[] = [explode, cubeExplode];
