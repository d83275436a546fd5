import { EvaluationError } from '../../types/numbers.ts';
import { overload, scalar } from '../define.ts';

const radii: Record<string, number> = {
  KM: 6371,
  KILOMETER: 6371,
  KILOMETERS: 6371,
  KILOMETRE: 6371,
  KILOMETRES: 6371,
  MI: 3959,
  MILE: 3959,
  MILES: 3959,
};
const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** The great-circle distance by the haversine formula, on a sphere with a radius of 6371 km or 3959 miles. */
function distance(lat1: number, lon1: number, lat2: number, lon2: number, unit: string | null = null): number {
  if (Math.abs(lat1) > 90 || Math.abs(lat2) > 90 || Math.abs(lon1) > 180 || Math.abs(lon2) > 180)
    throw new EvaluationError('a latitude or longitude is out of range');
  const radius = radii[(unit ?? '').trim().toUpperCase() || 'KM'];
  if (radius === undefined) throw new EvaluationError(`"${unit}" is not a unit of length`);
  const dLat = radians(lat2 - lat1);
  const dLon = radians(lon2 - lon1);
  const a = Math.sin(dLat / 2) ** 2 + Math.cos(radians(lat1)) * Math.cos(radians(lat2)) * Math.sin(dLon / 2) ** 2;
  return 2 * radius * Math.asin(Math.sqrt(a));
}

export const geoDistance = scalar({
  name: 'GEO_DISTANCE',
  doc: 'The distance of two points in kilometres, or in miles when the unit says so; a null unit is kilometres.',
  category: 'GEO',
  overloads: [
    overload('lat1 DOUBLE, lon1 DOUBLE, lat2 DOUBLE, lon2 DOUBLE', 'DOUBLE', distance),
    overload(
      'lat1 DOUBLE, lon1 DOUBLE, lat2 DOUBLE, lon2 DOUBLE, unit STRING',
      'DOUBLE',
      (lat1: number | null, lon1: number | null, lat2: number | null, lon2: number | null, unit: string | null) =>
        lat1 === null || lon1 === null || lat2 === null || lon2 === null
          ? null
          : distance(lat1, lon1, lat2, lon2, unit),
      { acceptsNull: true },
    ),
  ],
});
