"""Registers ONNX models as a training job does, in experiments that keep their files in different places.

usage: mlflow_registry.py TRACKING_URI JSON, with {"experiments": {name: artifact location or null}, "models": [path, ...]};
each experiment's name becomes a registered model with a version per path; the alias "champion" is the first, and "other" has no ONNX file.
"""

import json
import sys

import mlflow
import onnx
from mlflow import MlflowClient

mlflow.set_tracking_uri(sys.argv[1])
wanted = json.loads(sys.argv[2])
client = MlflowClient()
for name, location in wanted["experiments"].items():
    experiment = client.create_experiment(name, artifact_location=location)
    for path in wanted["models"]:
        with mlflow.start_run(experiment_id=experiment):
            mlflow.onnx.log_model(onnx.load(path), name="model", registered_model_name=name)
    client.set_registered_model_alias(name, "champion", "1")
with mlflow.start_run(experiment_id=client.create_experiment("texts")) as run:
    mlflow.log_text("no model", "model/readme.txt")
    client.create_registered_model("other")
    client.create_model_version("other", f"{run.info.artifact_uri}/model", run.info.run_id)
