"""MLflow's own scoring server over a model that it saved, on the port that is given."""
import os
import sys
import tempfile

import mlflow.pyfunc
import pandas
import uvicorn
from mlflow.models import infer_signature
from mlflow.pyfunc.scoring_server import init


class Scorer(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        score = model_input["amount"] * 2.0 + model_input["visits"]
        return pandas.DataFrame({"score": score, "label": (score > 10).astype("int64")})


example = pandas.DataFrame({"amount": [1.5], "visits": pandas.Series([1], dtype="int64")})
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "model")
    signature = infer_signature(example, Scorer().predict(None, example))
    mlflow.pyfunc.save_model(path, python_model=Scorer(), signature=signature)
    uvicorn.run(init(mlflow.pyfunc.load_model(path)), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
