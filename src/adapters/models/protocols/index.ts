import type { ProviderName } from '../../../config/model-options.ts';
import type { JsonProtocol } from '../json-provider.ts';
import { http } from './http.ts';
import { mlflow } from './mlflow.ts';
import { openai } from './openai.ts';
import { sagemaker } from './sagemaker.ts';
import { tensorflowServing } from './tensorflow-serving.ts';
import { torchserve } from './torchserve.ts';

/** The servers that take rows as JSON. */
export const jsonProtocols = {
  HTTP: http,
  OPENAI: openai,
  'TENSORFLOW-SERVING': tensorflowServing,
  MLFLOW: mlflow,
  TORCHSERVE: torchserve,
  SAGEMAKER: sagemaker,
} satisfies { readonly [P in Exclude<ProviderName, 'ONNX' | 'OIP-V2' | 'TRITON'>]: JsonProtocol };
