"""Values over frames by a scan of all rows for each row: what DuckDB has no word for.

Reads one JSON object a line: events in order of arrival (n, partition key, task partition, time, values by column), calls, grace.
Writes one a line: by number of arrival, for each call a text, a number with its tolerance, or two bounds.
With pandas the exponentially weighted averages are its own; without, its formula.
"""

import json
import math
import sys
from collections import Counter

import judges

try:
    import pandas
except ImportError:
    pandas = None


FILTERS = {
    None: lambda values: True,
    "i > 2": lambda values: values["i"] is not None and values["i"] > 2,
    "s = 'a'": lambda values: values["s"] == "a",
    "f": lambda values: values["f"] is True,
    "i IS NULL": lambda values: values["i"] is None,
}


def text(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def near(value, scale=None):
    """A number that may be off by a small part of a scale."""
    return {"near": repr(value), "scale": repr(float(abs(value) if scale is None else scale))}


def distinct(values):
    return list(dict.fromkeys(values))


def ewma(values, alpha):
    if pandas is not None:
        return float(pandas.Series(values).ewm(alpha=alpha, adjust=False).mean().iloc[-1])
    average = values[0]
    for value in values[1:]:
        average = (1 - alpha) * average + alpha * value
    return average


def ewma_half_life(rows, half_life):
    if pandas is not None:
        times = pandas.to_datetime([time for time, _ in rows], unit="ms")
        series = pandas.Series([float(value) for _, value in rows])
        return float(series.ewm(halflife=pandas.Timedelta(half_life, "ms"), times=times).mean().iloc[-1])
    newest = rows[-1][0]
    return decayed(rows, newest, half_life) / decayed([(time, 1.0) for time, _ in rows], newest, half_life)


def decayed(rows, now, half_life):
    return math.fsum(value * 2.0 ** ((time - now) / half_life) for time, value in rows)


def percentile_bounds(values, share):
    """What a sketch may say that is within 1 % of the value at a place."""
    value = sorted(values)[math.floor(share * (len(values) - 1))]
    slack = 0.01 * abs(value) * (1 + 1e-9)
    return [value - slack, value + slack]


def answer(call, rows, current):
    """`rows` are (time, value) of the frame in order; nulls are in it."""
    name, parameter, now = call["fn"], call.get("parameter"), current["t"]
    if name in JUDGES:
        return JUDGES[name]([value for _, value in rows], current["n"], json.loads(call["options"]))
    if name == "DECAYED_COUNT":
        return near(decayed([(time, 1.0) for time, _ in rows], now, parameter))
    values = [value for _, value in rows]
    some = [(time, value) for time, value in rows if value is not None]
    present = [value for _, value in some]
    if name == "COLLECT_SET":
        return text(distinct(values)) if values else "null"
    if name == "APPROX_COUNT_DISTINCT":  # exact up to 400
        return str(len(set(present)))
    if name in judges.ENCODERS:
        return judges.encoded(name, present, value_of(current, call["arg"]))
    if name in judges.SCALERS:
        return judges.scaled(name, present, value_of(current, call["arg"]))
    if not present:
        return "null"
    if name == "PERCENTILE":
        return near(judges.quantile(present, parameter), max(map(abs, present)))
    if name == "TOPK":
        return text(sorted(present, reverse=True)[:parameter])
    if name == "TOPKDISTINCT":
        return text(sorted(set(present), reverse=True)[:parameter])
    if name == "HISTOGRAM":
        return "{" + ",".join(sorted(f"{text(key)}:{count}" for key, count in Counter(present).items())) + "}"
    if name == "EWMA":
        return near(ewma(present, parameter), max(map(abs, present)))
    if name == "EWMA_HALFLIFE":
        return near(ewma_half_life(some, parameter), max(map(abs, present)))
    if name == "DECAYED_SUM":
        return near(decayed(some, now, parameter), decayed([(time, abs(value)) for time, value in some], now, parameter))
    if name == "APPROX_PERCENTILE":
        return {"between": percentile_bounds(present, parameter)}
    raise ValueError(name)


JUDGES = {
    "ML_DETECT_ANOMALIES": judges.anomaly,
    "PAGE_HINKLEY": lambda values, _, options: judges.page_hinkley(values, options),
    "ADWIN": lambda values, _, options: judges.adwin(values, options),
}


def in_frame(frame, row, current, back, call_judges):
    if frame["unit"] == "ROWS":
        inside = back >= frame["end"] and (frame["start"] is None or back <= frame["start"])
    else:
        behind = current["t"] - row["t"]
        inside = behind >= frame["end"] and (frame["start"] is None or behind <= frame["start"])
        if call_judges and (row["t"], row["n"]) > (current["t"], current["n"]):
            inside = False
        if frame["tileMs"] is not None:
            inside = behind >= 0 and row["t"] >= (current["t"] - frame["start"]) // frame["tileMs"] * frame["tileMs"]
    exclude = frame["exclude"]
    if exclude == "CURRENT ROW":
        return inside and row is not current
    if exclude == "GROUP":
        return inside and row["t"] != current["t"]
    if exclude == "TIES":
        return inside and (row["t"] != current["t"] or row is current)
    return inside


def answers(job):
    stream_time = {}
    kept = {}
    result = {}

    def answer_all(current, rows):
        ordered = sorted(rows, key=lambda row: (row["t"], row["n"]))
        place = next(i for i, row in enumerate(ordered) if row is current)
        cells = []
        for call in job["calls"]:
            frame = call["frame"]
            inside = [row for i, row in enumerate(ordered) if in_frame(frame, row, current, place - i, call["fn"] in JUDGES)]
            if frame["maxSize"] is not None:
                inside = inside[max(0, len(inside) - frame["maxSize"]) :]
            inside = [row for row in inside if FILTERS[call.get("filter")](row["values"])]
            cells.append(answer(call, [(row["t"], value_of(row, call.get("arg"))) for row in inside], current))
        result[current["n"]] = cells

    for event in job["events"]:
        seen = stream_time.get(event["q"])
        if seen is not None and event["t"] < seen - job["graceMs"]:
            continue
        stream_time[event["q"]] = event["t"] if seen is None else max(seen, event["t"])
        rows = kept.setdefault(event["p"], [])
        rows.append(event)
        if not job["final"]:
            answer_all(event, rows)
    if job["final"]:
        for rows in kept.values():
            for event in rows:
                answer_all(event, rows)
    return result


def value_of(row, column):
    if column is None:
        return None
    value = row["values"][column]
    return float(value) if column in ("d", "e") and value is not None else value


for line in sys.stdin:
    print(json.dumps(answers(json.loads(line))), flush=True)
