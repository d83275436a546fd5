"""What scikit-learn says to the calls on standard input, a JSON array of {fn, args}; answers a JSON array of results."""
import json, sys
import numpy as np
from sklearn import metrics as m, preprocessing as prep
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer
from sklearn.metrics.pairwise import cosine_similarity, euclidean_distances, manhattan_distances

def row(a): return np.array([a], dtype=float)

def fitted(scaler, column, value):
    return scaler.fit(np.array(column, dtype=float).reshape(-1, 1)).transform(row([value]))[0][0]

def answer(fn, args):
    if fn == 'ML_STANDARD_SCALER': return fitted(prep.StandardScaler(), args[0], args[1])
    if fn == 'ML_MIN_MAX_SCALER': return fitted(prep.MinMaxScaler(clip=True), args[0], args[1])
    if fn == 'ML_MAX_ABS_SCALER': return fitted(prep.MaxAbsScaler(), args[0], args[1])
    if fn == 'ML_ROBUST_SCALER': return fitted(prep.RobustScaler(), args[0], args[1])
    if fn == 'ML_NORMALIZER': return prep.normalize(row(args[0]), norm={1: 'l1', 2: 'l2', 'max': 'max'}[args[1]])[0].tolist()
    if fn == 'ML_ONE_HOT_ENCODER': return prep.OneHotEncoder(categories=[args[1]], handle_unknown='ignore', sparse_output=False).fit([[args[1][0]]]).transform([[args[0]]])[0].tolist()
    if fn == 'ML_TOKENS': return CountVectorizer().build_analyzer()(args[0])
    if fn == 'ML_NGRAMS': return CountVectorizer(ngram_range=(args[1], args[1]), analyzer='word', tokenizer=lambda text: text, preprocessor=lambda text: text, token_pattern=None).build_analyzer()(args[0])
    if fn == 'ML_HASHING_ENCODER': return HashingVectorizer(n_features=args[1], norm=None, analyzer=lambda tokens: tokens).transform([args[0]]).toarray()[0].tolist()
    if fn == 'TF_IDF': return TfidfTransformer(norm=None).fit(np.array([[1 if i < args[2] else 0] for i in range(args[1])])).transform([[args[0]]]).toarray()[0][0]
    if fn == 'COSINE_SIMILARITY': return cosine_similarity(row(args[0]), row(args[1]))[0][0]
    if fn == 'L2_DISTANCE': return euclidean_distances(row(args[0]), row(args[1]))[0][0]
    if fn == 'L1_DISTANCE': return manhattan_distances(row(args[0]), row(args[1]))[0][0]
    if fn == 'DOT_PRODUCT': return float(np.dot(args[0], args[1]))
    if fn == 'ML_EVALUATE_CLASSES':
        y, s, t = np.array(args[0]), np.array(args[1]), args[2]
        p = s >= t
        return [len(y), m.accuracy_score(y, p), m.precision_score(y, p) if p.any() else None, m.recall_score(y, p) if y.any() else None,
            m.f1_score(y, p) if (y | p).any() else None, m.roc_auc_score(y, s) if len(set(args[0])) > 1 else None, m.mean_absolute_error(y, s), m.mean_squared_error(y, s) ** 0.5]
    if fn == 'ML_EVALUATE_NUMBERS':
        y, p = args
        mse = m.mean_squared_error(y, p)
        return [len(y), m.mean_absolute_error(y, p), mse, mse ** 0.5, m.r2_score(y, p) if len(set(y)) > 1 else None]
    raise KeyError(fn)

json.dump([answer(c['fn'], c['args']) for c in json.load(sys.stdin)], sys.stdout)
