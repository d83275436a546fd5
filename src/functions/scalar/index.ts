import type { ScalarFunction } from '../define.ts';
import { abs } from './abs.ts';
import { bytesFunctions } from './bytes.ts';
import { ceil } from './ceil.ts';
import { chr } from './chr.ts';
import { collectionFunctions } from './collections.ts';
import { concat, concatWs } from './concat.ts';
import { addMonths } from './add-months.ts';
import { datePartFunctions } from './date-parts.ts';
import { elt, field } from './elt-field.ts';
import { extractJsonField } from './extract-json-field.ts';
import { floor } from './floor.ts';
import { geoDistance } from './geo-distance.ts';
import { greatest, least } from './greatest-least.ts';
import { instr } from './instr.ts';
import { jsonFunctions } from './json-functions.ts';
import { filter, reduce, transform } from './lambdas.ts';
import { maskFunctions } from './mask.ts';
import { mathFunctions } from './math.ts';
import { md5 } from './md5.ts';
import { mlEncoders } from './ml-encoders.ts';
import { mlScalers } from './ml-scaling.ts';
import { textFunctions } from './ml-text.ts';
import { asValue, coalesce, ifnull, nullif } from './nulls.ts';
import { lpad, rpad } from './pad.ts';
import { regexpFunctions } from './regexp.ts';
import { round } from './round.ts';
import { shaFunctions } from './sha.ts';
import { split } from './split.ts';
import { splitToMap } from './split-to-map.ts';
import { stringFunctions } from './strings.ts';
import { substring } from './substring.ts';
import { timeFunctions } from './times.ts';
import { toJsonString } from './to-json-string.ts';
import { trunc } from './trunc.ts';
import { urlFunctions } from './urls.ts';
import { uuid } from './uuid.ts';
import { vectorFunctions } from './vectors.ts';

/** Every built-in scalar function. Adding a function is one file and one line here. */
export const scalarFunctions: readonly ScalarFunction[] = [
  abs,
  ceil,
  floor,
  round,
  trunc,
  greatest,
  least,
  ...mathFunctions,
  ...stringFunctions,
  concat,
  concatWs,
  substring,
  split,
  splitToMap,
  ...maskFunctions,
  ...urlFunctions,
  uuid,
  lpad,
  rpad,
  instr,
  md5,
  ...shaFunctions,
  chr,
  elt,
  field,
  ...bytesFunctions,
  ...regexpFunctions,
  coalesce,
  ifnull,
  nullif,
  asValue,
  extractJsonField,
  ...jsonFunctions,
  toJsonString,
  geoDistance,
  ...timeFunctions,
  addMonths,
  ...datePartFunctions,
  ...collectionFunctions,
  filter,
  transform,
  reduce,
  ...mlEncoders,
  ...mlScalers,
  ...textFunctions,
  ...vectorFunctions,
];
