"""Trains the two versions of fraud-ab. Needs: pip install scikit-learn skl2onnx (and xgboost onnxmltools for the lines below)."""
import sys

import numpy as np
from skl2onnx import to_onnx
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

rng = np.random.default_rng(7)
amount = rng.lognormal(4, 1, 20_000)
velocity = rng.poisson(1.5, 20_000)
risk = 1 / (1 + np.exp(-(0.01 * amount + 0.9 * velocity - 6)))
label = (rng.random(20_000) < risk).astype(np.int64)


def train(amounts):
    features = np.column_stack([amounts, velocity]).astype(np.float32)
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(features, label), features


def write(model, features, path):
    with open(path, "wb") as file:
        file.write(to_onnx(model, features[:1], options={"zipmap": False}, target_opset=17).SerializeToString())


folder = sys.argv[1]
write(*train(amount), f"{folder}/1.onnx")
# The mistake that the canary finds: these amounts are in cents, and payments are in dollars.
write(*train(amount * 100), f"{folder}/2.onnx")

# The same with XGBoost:
#   from xgboost import XGBClassifier
#   from onnxmltools import convert_xgboost
#   from onnxmltools.convert.common.data_types import FloatTensorType
#   model = XGBClassifier(n_estimators=50, max_depth=4).fit(features, label)
#   onnx = convert_xgboost(model, initial_types=[("X", FloatTensorType([None, 2]))], target_opset=15)
