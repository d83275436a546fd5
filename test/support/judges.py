"""What detectors of anomalies and of changes, and scalers that learn from a frame, give: by the formulas of their papers, one row after the other.

Where statsmodels, pandas, scikit-learn or river is there, what it says must be the same.
"""

import math
import statistics

try:
    import pandas
except ImportError:
    pandas = None
try:
    from sklearn import preprocessing
except ImportError:
    preprocessing = None
try:
    from statsmodels.tsa.holtwinters import ExponentialSmoothing
except ImportError:
    ExponentialSmoothing = None
try:
    from river import drift
    from river._river_rust.drift import AdaptiveWindowing
except ImportError:
    drift = AdaptiveWindowing = None


def agree(ours, theirs, scale):
    if abs(ours - theirs) > 1e-6 * scale:
        raise AssertionError(f"{ours} here, {theirs} in a library")


def plain_sum(values):
    total = 0.0
    for value in values:
        total += value
    return total


def robust(values, options):
    newest = values[-options.get("maxTrainingSize", 512) :]
    if len(newest) < options["minTrainingSize"]:
        return None
    centre = statistics.median(newest)
    distances = [abs(value - centre) for value in newest]
    mad = statistics.median(distances)
    deviation = mad / statistics.NormalDist().inv_cdf(0.75)
    if mad == 0:
        deviation = statistics.fmean(distances) * math.sqrt(math.pi / 2)
    return centre, deviation, math.sqrt(statistics.fmean([each * each for each in distances])), None


def ewma(values, options):
    """By the weights of all values, not by recursion."""
    if len(values) < options["minTrainingSize"]:
        return None
    alpha = options["alpha"]

    def mean_of(some):
        weights = [alpha * (1 - alpha) ** i for i in range(len(some) - 1)] + [(1 - alpha) ** (len(some) - 1)]
        mean = math.fsum(weight * value for weight, value in zip(weights, reversed(some)))
        return mean, math.fsum(weight * (value - mean) ** 2 for weight, value in zip(weights, reversed(some)))

    mean, variance = mean_of(values)
    squares = math.fsum((value - mean_of(values[:i])[0]) ** 2 for i, value in enumerate(values) if i > 0)
    if pandas is not None:
        weighted = pandas.Series(values).ewm(alpha=alpha, adjust=False)
        scale = max(map(abs, values)) or 1.0
        agree(mean, weighted.mean().iloc[-1], scale)
        agree(variance, weighted.var(bias=True).iloc[-1], scale * scale)
    count = len(values) - 1
    return mean, math.sqrt(variance), math.sqrt(squares / count), (squares, count, 2)


def seasonal(given, options):
    """Hyndman's formulas; given values may be null: a step of the season as it was forecast."""
    m, alpha, beta, gamma = options["m"], options["alpha"], options["beta"], options["gamma"]
    filled, later = [], []
    for value in given:
        if len(filled) == 2 * m:
            later.append(value)
        elif value is not None:
            filled.append(value)
        elif len(filled) >= m:
            filled.append(filled[-m])
        elif filled:
            filled.append(filled[-1])
    if len(filled) < 2 * m or len(filled) + len(later) < options["minTrainingSize"]:
        return None
    start = plain_sum(filled[:m]) / m
    slope = (plain_sum(filled[m:]) / m - start) / m
    level, trend, season = start, slope, [value - start for value in filled[:m]]
    squares, count = 0.0, 0
    for value in filled + later:
        expected = level + trend + season[0]
        if value is None:
            level, season = level + trend, season[1:] + season[:1]
            continue
        squares += (value - expected) ** 2
        count += 1
        before = level
        level = alpha * (value - season[0]) + (1 - alpha) * (level + trend)
        season = season[1:] + [gamma * (value - (before + trend)) + (1 - gamma) * season[0]]
        trend = beta * (level - before) + (1 - beta) * trend
    forecast = level + trend + season[0]
    if ExponentialSmoothing is not None and None not in later:
        fit = ExponentialSmoothing(
            filled + later,
            trend="add",
            seasonal="add",
            seasonal_periods=m,
            initialization_method="known",
            initial_level=start,
            initial_trend=slope,
            initial_seasonal=[value - start for value in filled[:m]],
        ).fit(smoothing_level=alpha, smoothing_trend=beta, smoothing_seasonal=gamma, optimized=False)
        scale = max(map(abs, filled + later)) or 1.0
        agree(forecast, float(fit.forecast(1)[0]), scale)
        agree(squares, float(fit.sse), scale * scale * count)
    rmse = math.sqrt(squares / count)
    return forecast, rmse, rmse, (squares, count, 5 + m)


METHODS = {"ROBUST": robust, "EWMA": ewma, "SEASONAL": seasonal}
DEFAULTS = {"confidencePercentage": 99, "alpha": 0.2, "beta": 0.05, "gamma": 0.2}


def near(value, scale):
    return {"near": repr(value), "scale": repr(float(scale))}


def truth(value):
    return {True: "true", False: "false", None: "null"}[value]


def anomaly(values, mark, given):
    options = {**DEFAULTS, **given}
    options.setdefault("minTrainingSize", 2 * options.get("m", 0) or min(30, options.get("maxTrainingSize", 512)))
    method = options.get("method", "ROBUST")
    before, value = values[:-1], values[-1]
    known = before if method == "SEASONAL" else [each for each in before if each is not None]
    forecast = METHODS[method](known, options)
    actual = "null" if value is None else near(value, 0)
    if forecast is None:
        return {"fields": [str(mark), actual] + ["null"] * 6}
    expected, deviation, rmse, criterion = forecast
    scale = 100 * (max(abs(each) for each in before if each is not None) + abs(expected) + rmse)
    reach = deviation * statistics.NormalDist().inv_cdf(0.5 + options["confidencePercentage"] / 200)
    low, high = expected - reach, expected + reach
    judged = "null"
    if value is not None:
        judged = truth(not low <= value <= high)
        if min(abs(value - low), abs(value - high)) < 1e-9 * (scale + abs(value)):
            judged = {"oneOf": ["true", "false"]}
    aic = "null"
    if criterion is not None:
        squares, count, parameters = criterion
        # What is left of numbers that cancel has no logarithm to speak of.
        aic = {"oneOf": []} if rmse <= 1e-6 * scale else near(count * math.log(squares / count) + 2 * parameters, 1e6)
    return {"fields": [str(mark), actual, *(near(each, scale) for each in (expected, low, high)), judged, near(rmse, scale), aic]}


def page_hinkley(values, given):
    options = {"minInstances": 30, "delta": 0.005, "threshold": 50, "alpha": 0.9999, "mode": "BOTH", **given}
    theirs = drift and drift.PageHinkley(
        options["minInstances"], options["delta"], options["threshold"], options["alpha"], options["mode"].lower()
    )
    found, rows, scale = None, [], 1.0
    mean = statistic = up = down = least = most = 0.0
    for value in values:
        if found:
            rows = []
        found = None
        if value is None:
            continue
        rows.append(value)
        scale = max(scale, abs(value))
        # The mean as of the textbook's running form: a sum would be off in the last digit.
        mean = value if len(rows) == 1 else mean + (value - mean) / len(rows)
        if len(rows) == 1:
            up = down = 0.0
            least, most = math.inf, -math.inf
        up = options["alpha"] * up + (value - mean) - options["delta"]
        down = options["alpha"] * down + (value - mean) + options["delta"]
        least, most = min(least, up), max(most, down)
        statistic = max({"UP": [up - least], "DOWN": [most - down], "BOTH": [up - least, most - down]}[options["mode"]])
        found = len(rows) >= options["minInstances"] and statistic > options["threshold"]
        if theirs:
            theirs.update(value)
            assert theirs.drift_detected == found, "river finds another change"
    if not rows:
        return {"fields": [truth(found), "null", "null"]}
    return {"fields": [truth(found), near(mean, scale), near(statistic, 1000 * scale)]}


def adwin(values, given):
    options = {"delta": 0.002, "clock": 32, "maxBuckets": 5, "minWindowLength": 5, "gracePeriod": 10, **given}
    theirs = AdaptiveWindowing and AdaptiveWindowing(
        options["delta"], options["clock"], options["maxBuckets"], options["minWindowLength"], options["gracePeriod"]
    )
    buckets = []  # (number, sum, squared distances from their mean), the oldest first
    found, rows = None, 0

    def joined(left, right):
        (n, a, v), (m, b, w) = left, right
        return n + m, a + b, v + w + n * m * (a / n - b / m) ** 2 / (n + m)

    def whole(some):
        result = some[0]
        for each in some[1:]:
            result = joined(result, each)
        return result

    def has_cut():
        width, total, variance = whole(buckets)
        if width < 2:
            return False
        certainty = math.log(2 * math.log(width) / options["delta"])
        for i in range(1, len(buckets)):
            n, a, _ = whole(buckets[:i])
            m = width - n
            if min(n, m) < options["minWindowLength"]:
                continue
            share = 1 / (n - options["minWindowLength"] + 1) + 1 / (m - options["minWindowLength"] + 1)
            limit = math.sqrt(2 * share * variance / width * certainty) + 2 / 3 * certainty * share
            if abs(a / n - (total - a) / m) > limit:
                return True
        return False

    for value in values:
        found = None
        if value is None:
            continue
        found = False
        rows += 1
        buckets.append((1, float(value), 0.0))
        size = 1
        while sum(n == size for n, _, _ in buckets) > options["maxBuckets"]:
            first = next(i for i, (n, _, _) in enumerate(buckets) if n == size)
            buckets[first : first + 2] = [joined(buckets[first], buckets[first + 1])]
            size *= 2
        if rows % options["clock"] == 0 and sum(n for n, _, _ in buckets) > options["gracePeriod"]:
            while has_cut():
                found = True
                buckets.pop(0)
        if theirs:
            assert theirs.update(value) == found, "river finds another change"
            assert theirs.get_width() == sum(n for n, _, _ in buckets), "river has another window"
    if not buckets:
        return {"fields": [truth(found), "null", "0"]}
    width, total, _ = whole(buckets)
    scale = max([1.0] + [abs(value) for value in values if value is not None])
    return {"fields": [truth(found), near(total / width, 1000 * scale), str(width)]}


SCALERS = {
    "ML_STANDARD_SCALER": "StandardScaler",
    "ML_MIN_MAX_SCALER": "MinMaxScaler",
    "ML_MAX_ABS_SCALER": "MaxAbsScaler",
    "ML_ROBUST_SCALER": "RobustScaler",
}


def quantile(values, share):
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = ordered[math.floor(place)]
    return low + (ordered[math.ceil(place)] - low) * (place - math.floor(place))


def scaled(name, present, value):
    """What a scaler that is fitted to the values of a frame makes of the value of its row."""
    if value is None or not present:
        return "null"
    if name == "ML_STANDARD_SCALER":
        centre = statistics.fmean(present)
        spread = statistics.pstdev(present)
    elif name == "ML_MIN_MAX_SCALER":
        centre, spread = min(present), max(present) - min(present)
    elif name == "ML_MAX_ABS_SCALER":
        centre, spread = 0.0, max(map(abs, present))
    else:
        centre, spread = statistics.median(present), quantile(present, 0.75) - quantile(present, 0.25)
    result = (value - centre) / (spread or 1.0)
    least = {"ML_MIN_MAX_SCALER": 0, "ML_MAX_ABS_SCALER": -1}.get(name)
    if least is not None:
        result = min(1.0, max(float(least), result))
    scale = 100 * (1 + (abs(value) + max(map(abs, present))) / (spread or 1.0))
    if preprocessing is not None:
        kind = getattr(preprocessing, SCALERS[name])
        fitted = (kind(clip=True) if least is not None else kind()).fit([[float(each)] for each in present])
        agree(result, float(fitted.transform([[float(value)]])[0][0]), scale)
    return near(result, scale)


ENCODERS = {"ML_ONE_HOT_ENCODER", "ML_LABEL_ENCODER"}


def encoded(name, present, value):
    """What an encoder that is fitted to the values of a frame makes of the value of its row; labels count from 1, and 0 is none."""
    if name == "ML_LABEL_ENCODER":
        if not present:
            return "null"
        return "0" if value not in present else str(sorted(set(present)).index(value) + 1)
    if value is None or not present:
        return "null"
    ours = [int(each == value) for each in sorted(set(present))]
    if preprocessing is not None:
        encoder = preprocessing.OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit([[each] for each in present])
        assert encoder.transform([[value]])[0].tolist() == ours, "scikit-learn encodes it otherwise"
    return "[" + ",".join(map(str, ours)) + "]"
