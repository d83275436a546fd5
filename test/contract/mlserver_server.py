"""MLServer over one model, on the port that is given: Y is the sum of each row of X. Its settings are in the folder that is given."""
import json
import os
import sys

port, folder = sys.argv[1], sys.argv[2]
with open(os.path.join(folder, "summing.py"), "w") as file:
    file.write(
        """
import numpy
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceResponse


class Sum(MLModel):
    async def load(self):
        return True

    async def predict(self, payload):
        given = NumpyCodec.decode_input(payload.inputs[0])
        if given.shape[1] == 0:
            raise ValueError("no columns")
        output = NumpyCodec.encode_output("Y", given.astype(numpy.float64).sum(axis=1, keepdims=True))
        return InferenceResponse(model_name=self.name, outputs=[output])
"""
    )
settings = {"http_port": int(port), "grpc_port": int(port) + 1, "metrics_port": int(port) + 2, "host": "127.0.0.1", "parallel_workers": 0, "debug": False}
model = {
    "name": "sum",
    "implementation": "summing.Sum",
    "inputs": [{"name": "X", "datatype": "FP64", "shape": [-1, -1]}],
    "outputs": [{"name": "Y", "datatype": "FP64", "shape": [-1, 1]}],
}
for name, content in (("settings.json", settings), ("model-settings.json", model)):
    with open(os.path.join(folder, name), "w") as file:
        json.dump(content, file)
os.chdir(folder)
os.execv(sys.executable, [sys.executable, "-c", f"import sys; sys.path.insert(0, {folder!r}); from mlserver.cli.main import main; sys.argv = ['mlserver', 'start', '.']; main()"])
