"""Rows, patterns and what Flink SQL 2.3 finds of them, for patterns-flink.test.ts: `python flink_patterns.py` writes flink-patterns.json anew.

Needs `pip install apache-flink==2.3.0` and Java 17. What Flink refuses, or fails of at the first match, is left out. `differs` of a case, which
is written by hand and kept, names the rewrites by which Flink's rows are found here: see the test.
"""

import json
import os
import random
import re
import tempfile

from pyflink.common import Configuration
from pyflink.table import EnvironmentSettings, TableEnvironment

target = os.path.join(os.path.dirname(os.path.abspath(__file__)), "flink-patterns.json")
chance = random.Random(20)
rows, time = [], 0
for number in range(150):
    time += chance.choice([0, 0, 1, 1, 2, 3])
    rows.append({"k": chance.choice("xyz"), "n": number, "v": chance.randrange(6), "w": chance.randrange(40) / 4, "t": time * 1000})

PAST, NEXT = "PAST LAST ROW", "TO NEXT ROW"
DEFINES = {
 "split": {"A": "A.v < 2", "B": "B.v >= 2 AND B.v < 4", "C": "C.v >= 4"},
 "overlap": {"A": "A.v < 4", "B": "B.v > 1", "C": "C.v > 3"},
 "any": {"A": "A.v < 3", "C": "C.v >= 4"},
 "rising": {"B": "B.v > LAST(B.v, 1) OR LAST(B.v, 1) IS NULL", "C": "C.v < LAST(B.v)"},
 "falling": {"B": "(LAST(B.v, 1) IS NULL AND B.v < A.v) OR B.v < LAST(B.v, 1)", "C": "C.v > LAST(B.v, 0)"},
 "first": {"B": "B.v <> FIRST(A.v)", "C": "C.v = FIRST(A.v)"},
 "sum": {"A": "SUM(A.v) < 6", "C": "C.v > 1"},
 "avg": {"A": "AVG(A.w) < 6", "B": "B.w < AVG(A.w)", "C": "C.w > 7"},
 "count": {"A": "COUNT(A.v) < 4 AND A.v > 0", "B": "MAX(B.v) < 5", "C": "C.v >= MIN(A.v)"},
 "second": {"A": "A.v < 4", "B": "B.v >= LAST(A.v, 1)", "C": "C.v > FIRST(A.v, 1)"},
}
PATTERNS = ["A B", "A B C", "A+ C", "A* C", "A B* C", "A B+ C", "A B? C", "A{2} C", "A{2,} C", "A{1,3} C", "A{,2} C", "A B*? C", "A B+? C",
     "A{1,3}? C", "A{2,}? C", "A B+?", "A B{2}", "A B C?", "A B{1,2}", "A+ B+ C", "A* B+ C", "A+? B", "A+? B+? C", "A B{0,2} C", "A B C{1,2}?"]
SKIPS = [PAST, NEXT, "TO LAST A", "TO FIRST B", "TO LAST B", "TO LAST C", "TO FIRST C"]

cases = {}


def add(pattern, define, skip, within=None):
    have = [name for name in "ABC" if name in pattern]
    if skip.startswith("TO") and skip != NEXT and skip[-1] not in have:
        return
    conditions = {name: text for name, text in DEFINES[define].items() if name in have}
    if not conditions or any(name not in have for text in conditions.values() for name in re.findall(r"\b([ABC])\.", text)):
        return
    measures = []
    for name in have:
        low = name.lower()
        measures += [f"FIRST({name}.n) AS {low}0", f"LAST({name}.n) AS {low}1", f"COUNT({name}.n) AS {low}c"]
    first, last = have[0], have[-1]
    measures += [f"SUM({first}.v) AS s", f"MAX({last}.w) AS m", f"LAST({first}.n, 1) AS p", f"FIRST({last}.n, 1) AS q"]
    end = f" WITHIN INTERVAL '{within}' SECOND" if within else ""
    clauses = f"AFTER MATCH SKIP {skip} PATTERN ({pattern}){end} DEFINE "
    cases[clauses + ", ".join(f"{name} AS {text}" for name, text in conditions.items())] = ", ".join(measures)


for pattern in PATTERNS:
    for define in ("split", "overlap"):
        add(pattern, define, PAST)
    add(pattern, chance.choice(list(DEFINES)), chance.choice(SKIPS))
    add(pattern, chance.choice(list(DEFINES)), chance.choice(SKIPS), chance.choice([4, 9, 20]))
for define in DEFINES:
    for pattern in chance.sample(PATTERNS, 6):
        add(pattern, define, chance.choice(SKIPS), chance.choice([None, None, 6, 15]))
for skip in SKIPS:
    for pattern in chance.sample(PATTERNS, 6):
        add(pattern, chance.choice(["split", "any", "overlap"]), skip)

path = os.path.join(tempfile.mkdtemp(), "rows.json")
with open(path, "w", encoding="utf8") as file:
    file.writelines(json.dumps(row) + "\n" for row in rows)
conf = Configuration()
conf.set_string("parallelism.default", "1")
table = TableEnvironment.create(EnvironmentSettings.new_instance().in_streaming_mode().with_configuration(conf).build())
table.execute_sql(
    f"""CREATE TABLE s (k STRING, n INT, v INT, w DOUBLE, t BIGINT, rt AS TO_TIMESTAMP_LTZ(t, 3), WATERMARK FOR rt AS rt - INTERVAL '1' SECOND)
        WITH ('connector'='filesystem', 'path'='{path}', 'format'='json')"""
)
differs = {}
if os.path.exists(target):
    with open(target, encoding="utf8") as file:
        differs = {each["clauses"]: each.get("differs") for each in json.load(file)["cases"]}
found = []
for clauses, measures in cases.items():
    query = f"SELECT * FROM s MATCH_RECOGNIZE (PARTITION BY k ORDER BY rt MEASURES {measures} ONE ROW PER MATCH {clauses})"
    try:
        with table.execute_sql(query).collect() as result:
            matches = sorted((list(row) for row in result), key=lambda row: [str(row[0])] + [-1 if value is None else value for value in row[1:]])
    except Exception as error:  # pylint: disable=broad-except
        print("left out:", clauses, str(error)[:100])
        continue
    case = {"measures": measures, "clauses": clauses}
    if differs.get(clauses):
        case["differs"] = differs[clauses]
    found.append({**case, "rows": matches})


def line(value):
    return json.dumps(value, separators=(",", ":"))


with open(target, "w", encoding="utf8") as file:
    file.write('{"rows":[\n' + ",\n".join(line([row[name] for name in "knvwt"]) for row in rows) + '\n],"cases":[\n')
    file.write(",\n".join(line(case) for case in found) + "\n]}\n")
