"""KServe's own server, on the port that is given: `echo` gives its inputs back, `sum` adds up each row."""
import sys

import numpy
from kserve import InferOutput, InferResponse, Model, ModelServer


class Echo(Model):
    def predict(self, payload, headers=None, response_headers=None):
        outputs = []
        for given in payload.inputs:
            output = InferOutput(name=given.name, shape=list(given.shape), datatype=given.datatype)
            output.set_data_from_numpy(given.as_numpy(), binary_data=False)
            outputs.append(output)
        return self.answer(payload, outputs)

    def answer(self, payload, outputs):
        return InferResponse(
            response_id=payload.id or "1",
            model_name=self.name,
            infer_outputs=outputs,
            use_binary_outputs=payload.use_binary_outputs,
            requested_outputs=payload.request_outputs,
        )


class Sum(Echo):
    def predict(self, payload, headers=None, response_headers=None):
        total = payload.inputs[0].as_numpy().astype(numpy.float64).sum(axis=1)
        output = InferOutput(name="Y", shape=list(total.shape), datatype="FP64")
        output.set_data_from_numpy(total, binary_data=False)
        return self.answer(payload, [output])


models = [Echo("echo"), Sum("sum")]
for model in models:
    model.load()
ModelServer(http_port=int(sys.argv[1]), enable_grpc=False, workers=1).start(models)
