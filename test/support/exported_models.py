"""Trains small models, exports them as their libraries do, and writes what onnxruntime gives for some rows.

Run it with skl2onnx, onnxmltools, lightgbm, xgboost, pandas and onnxruntime; it writes into the folder `exported` beside it.
"""

import json
import os

import numpy as np
import onnxruntime as ort
import pandas as pd
from lightgbm import LGBMClassifier
from onnx import TensorProto as P, helper as h, numpy_helper
from onnxmltools import convert_lightgbm, convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType as ToolsFloat
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, Int64TensorType, StringTensorType
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from xgboost import XGBClassifier

folder = os.path.join(os.path.dirname(__file__), 'exported')
random = np.random.default_rng(1)
rows = 30
train = random.normal(size=(2000, 4)).astype(np.float32)
label = (train[:, 0] + train[:, 1] * train[:, 2] > 0).astype(int)
names = np.where(train[:, 0] > 0.5, 'high', np.where(train[:, 0] < -0.5, 'low', 'mid'))
tested = random.normal(size=(rows, 4)).astype(np.float32)
opset = {'': 15, 'ai.onnx.ml': 3}


def plain(value):
    if isinstance(value, list):  # ZipMap's maps
        return [[float(each) for each in item.values()] for item in value]
    return value.tolist()


def put(name, model, feeds):
    content = model.SerializeToString()
    with open(os.path.join(folder, f'{name}.onnx'), 'wb') as file:
        file.write(content)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(content, options)
    outputs = {each.name: plain(value) for each, value in zip(session.get_outputs(), session.run(None, feeds))}
    inputs = {each.name: feeds[each.name].tolist() for each in session.get_inputs()}
    with open(os.path.join(folder, f'{name}.json'), 'w') as file:
        json.dump({'inputs': inputs, 'outputs': outputs}, file)


def learned(name, model, target, kind=FloatTensorType, **options):
    number = np.float64 if kind is DoubleTensorType else np.float32
    model.fit(train.astype(number), target)
    exported = convert_sklearn(model, initial_types=[('X', kind([None, 4]))], target_opset=opset, **options)
    put(name, exported, {'X': tested.astype(number)})


learned('logistic', LogisticRegression(), label)
learned('named-classes', LogisticRegression(), names)
learned('pipeline', make_pipeline(StandardScaler(), MLPClassifier((4,), max_iter=50)), label)
learned('clusters', KMeans(3), None)
learned('doubles', LogisticRegression(), label, DoubleTensorType, options={'zipmap': False})

tools = dict(initial_types=[('X', ToolsFloat([None, 4]))], target_opset=15)
boosted = LGBMClassifier(n_estimators=2, num_leaves=4, verbose=-1).fit(train, label)
put('lightgbm', convert_lightgbm(boosted, **tools), {'X': tested})
put('xgboost', convert_xgboost(XGBClassifier(n_estimators=2, max_depth=2).fit(train, label), **tools), {'X': tested})

countries = ['DE', 'US', 'FR']
frame = pd.DataFrame(
    {'amount': train[:, 0], 'country': random.choice(countries, 2000), 'n': random.integers(0, 5, 2000)}
)
columns = [('c', OneHotEncoder(handle_unknown='ignore'), ['country']), ('n', StandardScaler(), ['amount', 'n'])]
mixed = Pipeline([('columns', ColumnTransformer(columns)), ('classes', LogisticRegression())]).fit(frame, label)
kinds = [('amount', FloatTensorType([None, 1])), ('country', StringTensorType([None, 1])), ('n', Int64TensorType([None, 1]))]
put(
    'mixed-columns',
    convert_sklearn(mixed, initial_types=kinds, target_opset=opset),
    {
        'amount': tested[:, :1],
        'country': random.choice([*countries, 'XX'], (rows, 1)).astype(object),
        'n': random.integers(0, 5, (rows, 1)),
    },
)

weights = random.normal(size=(8, 3)).astype(np.float32)
table = random.normal(size=(20, 4)).astype(np.float32)
constants = {'W': weights, 'E': table, 'axis': np.array([1])}


def graph(name, nodes, inputs, outputs, feeds):
    """A graph as PyTorch's exporter writes it."""
    used = {each for node in nodes for each in node.input}
    initial = [numpy_helper.from_array(value, key) for key, value in constants.items() if key in used]
    info = [[h.make_tensor_value_info(*each) for each in side] for side in (inputs, outputs)]
    built = h.make_graph(nodes, name, *info, initial)
    put(name, h.make_model(built, opset_imports=[h.make_opsetid('', 15)], ir_version=8), feeds)


def numbers(*shape, kind=np.float32):
    return random.normal(size=shape).astype(kind)


graph(
    'two-towers',
    [
        h.make_node('MatMul', ['user', 'W'], ['u']),
        h.make_node('MatMul', ['item', 'W'], ['i']),
        h.make_node('Mul', ['u', 'i'], ['product']),
        h.make_node('ReduceSum', ['product', 'axis'], ['score'], keepdims=0),
    ],
    [('user', P.FLOAT, ['b', 8]), ('item', P.FLOAT, ['b', 8])],
    [('score', P.FLOAT, ['b'])],
    {'user': numbers(rows, 8), 'item': numbers(rows, 8)},
)
graph(
    'sequence',
    [
        h.make_node('MatMul', ['seq', 'W'], ['hidden']),
        h.make_node('ReduceMean', ['hidden'], ['pooled'], axes=[1], keepdims=0),
    ],
    [('seq', P.FLOAT, ['b', 't', 8])],
    [('pooled', P.FLOAT, ['b', 3]), ('hidden', P.FLOAT, ['b', 't', 3])],
    {'seq': numbers(rows, 5, 8)},
)
graph(
    'embedding',
    [h.make_node('Gather', ['E', 'id'], ['vector'])],
    [('id', P.INT64, ['b'])],
    [('vector', P.FLOAT, ['b', 4])],
    {'id': random.integers(0, 20, rows)},
)
graph(
    'one-row-a-call',
    [h.make_node('Gemm', ['x', 'W'], ['y'])],
    [('x', P.FLOAT, [1, 8])],
    [('y', P.FLOAT, [1, 3])],
    {'x': numbers(1, 8)},
)
graph(
    'half-floats',
    [
        h.make_node('Cast', ['x'], ['single'], to=P.FLOAT),
        h.make_node('MatMul', ['single', 'W'], ['product']),
        h.make_node('Cast', ['product'], ['y'], to=P.FLOAT16),
    ],
    [('x', P.FLOAT16, ['b', 8])],
    [('y', P.FLOAT16, ['b', 3])],
    {'x': numbers(rows, 8, kind=np.float16)},
)
