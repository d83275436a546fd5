/**
 * What a function says of two vectors: their distance, the sum of their products, the cosine of their angle, or what that lacks to
 * 1, the angle's.
 */
export type VectorMetric = 'distance' | 'product' | 'cosine' | 'angle';
