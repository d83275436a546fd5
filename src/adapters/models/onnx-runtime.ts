import { createRequire } from 'node:module';

const name = 'onnxruntime-node';

/** Whether ONNX Runtime is installed: it is an optional part, since it is three times as large as all else. */
export function hasOnnxRuntime(): boolean {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return false;
  }
}

/** How to add it. Its install script fetches libraries for graphics cards from another host, which nothing here needs. */
export const addOnnxRuntime = `models in ONNX files need ONNX Runtime, which is not installed: npm install --ignore-scripts ${name}`;
