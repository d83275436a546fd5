"""The client against nodes whose addresses the environment has (`test/clients/python.test.ts` starts them)."""

from __future__ import annotations

import datetime
import decimal
import importlib.util
import math
import os
import threading
import time
import unittest

import millrace
from millrace.literals import bind
from millrace.types import parse_type, to_json

URL = os.environ["MILLRACE_TEST_URL"]
EARLIEST = {"auto.offset.reset": "earliest"}
UTC = datetime.timezone.utc


def has(*modules: str) -> bool:
    return all(importlib.util.find_spec(module) is not None for module in modules)


class WithSources(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.client = millrace.connect(URL, properties=EARLIEST)
        cls.client.execute(
            """
            CREATE STREAM IF NOT EXISTS all_types (k STRING KEY, flag BOOLEAN, i INT, b BIGINT, d DOUBLE, price DECIMAL(6, 2), y BYTES,
              day DATE, clock TIME, ts TIMESTAMP, items ARRAY<DECIMAL(4, 1)>, stamps MAP<STRING, TIMESTAMP>,
              nested STRUCT<day DATE, `mixed Case` ARRAY<BYTES>>) WITH (kafka_topic='all_types', value_format='JSON', partitions=1);
            CREATE STREAM IF NOT EXISTS clicks (user_id STRING KEY, n BIGINT, paid_at BIGINT)
              WITH (kafka_topic='clicks', value_format='JSON', partitions=2);
            CREATE TABLE IF NOT EXISTS counts AS SELECT user_id, COUNT(*) AS n FROM clicks GROUP BY user_id;
            """
        )


class Queries(WithSources):
    def test_values_of_every_type_are_read_as_they_were_written(self) -> None:
        moment = datetime.datetime(2024, 2, 29, 1, 2, 3, 456000, tzinfo=UTC)
        row = {
            "k": "it's é", "flag": True, "i": -1, "b": 9007199254740993, "d": 1e300, "price": decimal.Decimal("-1234.50"),
            "y": b"\x00\xff", "day": datetime.date(1969, 12, 31), "clock": datetime.time(23, 59, 59), "ts": moment,
            "items": [decimal.Decimal("0.1"), None], "stamps": {"a": moment, "b": None},
            "nested": {"DAY": datetime.date(2024, 1, 1), "mixed Case": [b"x", None]},
        }  # fmt: skip
        nulls = {"k": "nulls"}
        nan = {"k": "nan", "d": math.inf}
        self.assertEqual(self.client.insert("all_types", [row, nulls, nan]), 3)
        rows = self.client.query("SELECT * FROM all_types WHERE k IN (:a, :b, :c);", {"a": row["k"], "b": "nulls", "c": "nan"})
        self.assertEqual(rows.columns[5], ("PRICE", "DECIMAL(6, 2)"))
        found = {each["k"]: each for each in rows}
        first = found["it's é"]
        self.assertEqual(tuple(first), tuple(row.values()))
        self.assertEqual(str(first["price"]), "-1234.50")
        self.assertEqual(first["Ts"], moment)
        self.assertEqual(first.as_dict()["ITEMS"][0], decimal.Decimal("0.1"))
        self.assertEqual(set(found["nulls"][1:]), {None})
        self.assertEqual(found["nan"]["d"], math.inf)
        with self.assertRaisesRegex(KeyError, "no column 'nope'; there are K, FLAG"):
            first["nope"]

    def test_parameters_are_values_whatever_they_hold(self) -> None:
        self.client.insert("clicks", [{"user_id": "x' OR '1'='1", "n": -5, "paid_at": 0}, {"user_id": "other", "n": 6, "paid_at": 0}])
        one = self.client.query("SELECT n FROM clicks WHERE user_id = :user;", {"user": "x' OR '1'='1"})
        self.assertEqual(list(one), [(-5,)])
        one = self.client.query("SELECT user_id FROM clicks WHERE n -:n = 0;", {"n": -5})
        self.assertEqual(list(one), [("x' OR '1'='1",)])
        values = {
            "t": True, "x": None, "d": 0.1, "z": 5.0, "e": 1e-9, "p": decimal.Decimal("1.20"), "y": b"\x01\xfe",
            "day": datetime.date(2024, 2, 29), "clock": datetime.time(1, 2, 3), "ts": datetime.datetime(2024, 1, 2, tzinfo=UTC),
            "list": [1, 2], "map": {"a": 1},
        }  # fmt: skip
        places = ", ".join(f":{name} AS c_{name}" for name in values if name != "x")
        row = next(self.client.query(f"SELECT {places}, CAST(:x AS INT) AS c_x FROM clicks LIMIT 1;", values))
        for name, value in values.items():
            self.assertEqual(row[f"c_{name}"], value, name)
        for none in (math.nan, math.inf, decimal.Decimal("NaN")):
            with self.assertRaises(ValueError):
                millrace.literal(none)
        self.assertEqual(
            bind("a::INT, ':x', \":x\", `:x`, -- :x\n /* :x */ STRUCT(b := :x)", {"x": 1}),
            "a::INT, ':x', \":x\", `:x`, -- :x\n /* :x */ STRUCT(b := 1)",
        )
        for wrong in ({}, {"x": 1, "y": 2}):
            with self.assertRaises(KeyError):
                bind("SELECT :x;", wrong)

    def test_a_push_query_gives_rows_as_they_come_and_ends_when_it_is_closed(self) -> None:
        with self.client.query("SELECT user_id, n FROM clicks WHERE user_id LIKE 'push%' EMIT CHANGES;") as rows:
            self.assertEqual([column.name for column in rows.columns], ["USER_ID", "N"])
            self.client.insert("clicks", [{"user_id": "push1", "n": 1, "paid_at": 0}])
            self.assertEqual(next(rows), ("push1", 1))
            self.client.insert("clicks", [{"user_id": "push2", "n": 2, "paid_at": 0}])
            self.assertEqual(next(rows), ("push2", 2))
        self.assertEqual(list(rows), [])
        limited = self.client.query("SELECT user_id FROM clicks WHERE user_id LIKE 'push%' EMIT CHANGES LIMIT 2;")
        self.assertEqual(sorted(limited), [("push1",), ("push2",)])

    def test_another_thread_ends_a_query_that_waits(self) -> None:
        rows = self.client.query("SELECT * FROM clicks WHERE user_id = 'never' EMIT CHANGES;")
        threading.Timer(0.2, rows.close).start()
        self.assertEqual(list(rows), [])

    def test_many_queries_end_by_being_forgotten_and_their_connections_too(self) -> None:
        for _ in range(20):
            next(self.client.query("SELECT * FROM clicks EMIT CHANGES;"))
            next(self.client.query("SELECT * FROM clicks;"))
        self.assertEqual(self.client.info()["serverStatus"], "RUNNING")

    def test_properties_of_a_statement_stand_over_those_of_the_client(self) -> None:
        latest = {"auto.offset.reset": "latest"}
        self.client.insert("clicks", [{"user_id": "early", "n": 1, "paid_at": 0}])
        sql = "SELECT user_id FROM clicks WHERE user_id IN ('early', 'late') EMIT CHANGES LIMIT 1;"
        with self.client.query(sql, properties=latest) as rows:
            self.client.insert("clicks", [{"user_id": "late", "n": 1, "paid_at": 0}])
            self.assertEqual(next(rows), ("late",))

    def test_a_table_is_read_by_key(self) -> None:
        self.client.insert("clicks", ({"user_id": "many", "n": n, "paid_at": n} for n in range(1234)))
        for _ in range(100):
            found = list(self.client.query("SELECT n FROM counts WHERE user_id = :user;", {"user": "many"}))
            if found == [(1234,)]:
                return
            time.sleep(0.1)
        self.fail(f"the table has {found}")


class Errors(WithSources):
    def test_a_mistake_is_told_with_code_place_and_hint(self) -> None:
        with self.assertRaises(millrace.ServerError) as caught:
            self.client.query("SELECT user_idd FROM clicks;")
        error = caught.exception
        self.assertEqual((error.code, error.status, error.line, error.column), ("COLUMN_NOT_FOUND", 400, 1, 8))
        self.assertIn("USER_ID", error.hint)
        self.assertEqual(
            str(error).splitlines(),
            [
                'COLUMN_NOT_FOUND: line 1:8: column "USER_IDD" cannot be resolved',
                "1 | SELECT user_idd FROM clicks;",
                "  |        ^^^^^^^^",
                error.hint,
            ],
        )
        with self.assertRaises(millrace.ServerError) as caught:
            self.client.execute("CREATE STREAM s2 (a INT) WITH (kafka_topic='s2', value_format='NOPE', partitions=1);")
        self.assertIsNotNone(caught.exception.code)

    def test_an_error_in_the_middle_of_the_rows_is_raised(self) -> None:
        client = millrace.connect(os.environ["MILLRACE_TEST_BASIC_URL"], user="ann", password="ann-pw", properties=EARLIEST)
        client.execute("CREATE STREAM limited (k STRING KEY) WITH (kafka_topic='limited', value_format='JSON', partitions=1);")
        client.insert("limited", [{"k": "a"}] * 30)
        with client.query("SELECT * FROM limited EMIT CHANGES;") as rows:
            with self.assertRaises(millrace.ServerError) as caught:
                for _ in rows:
                    pass
        self.assertEqual((caught.exception.code, caught.exception.status), ("USER_LIMIT", 200))

    def test_a_row_that_is_refused_says_which(self) -> None:
        rows = [{"user_id": "r", "n": n if n != 700 else "text"} for n in range(1000)]
        with self.assertRaisesRegex(millrace.InsertError, "row 700: .*BIGINT") as caught:
            self.client.insert("clicks", rows)
        self.assertEqual(caught.exception.inserted, 700)
        with self.assertRaises(millrace.ServerError):
            self.client.insert("no_such_stream", [{"a": 1}])
        with self.assertRaisesRegex(TypeError, "give \\[row\\]"):
            self.client.insert("clicks", {"user_id": "r"})
        with self.assertRaisesRegex(TypeError, "object is no value"):
            self.client.insert("clicks", [{"user_id": object()}])

    def test_no_server_is_told_so(self) -> None:
        with self.assertRaisesRegex(millrace.ConnectError, "no server answers at http://127.0.0.1:1"):
            millrace.connect("http://127.0.0.1:1").info()
        with self.assertRaises(ValueError):
            millrace.connect("ftp://127.0.0.1")

    def test_users_log_in_by_password_in_the_call_or_in_the_address(self) -> None:
        url = os.environ["MILLRACE_TEST_BASIC_URL"]
        for client in (millrace.connect(url, user="ann", password="ann-pw"), millrace.connect(url.replace("://", "://ann:ann-pw@"))):
            self.assertEqual(client.execute("SHOW STREAMS;")[0]["@type"], "streams")
            self.assertNotIn("ann-pw", client.url)
        for client in (millrace.connect(url), millrace.connect(url, user="ann", password="guessed")):
            with self.assertRaises(millrace.ServerError) as caught:
                client.execute("SHOW STREAMS;")
            self.assertEqual((caught.exception.status, caught.exception.error_code), (401, 40100))
            self.assertNotIn("guessed", str(caught.exception))

    def test_a_token_and_tls(self) -> None:
        url, ca = os.environ["MILLRACE_TEST_TLS_URL"], os.environ["MILLRACE_TEST_CA"]
        client = millrace.connect(url, token=os.environ["MILLRACE_TEST_TOKEN"], ca=ca)
        self.assertEqual(client.execute("SHOW STREAMS;")[0]["@type"], "streams")
        with self.assertRaises(millrace.ServerError) as caught:
            millrace.connect(url, ca=ca).execute("SHOW STREAMS;")
        self.assertEqual(caught.exception.status, 401)
        with self.assertRaisesRegex(millrace.ConnectError, "is not trusted: .*ca="):
            millrace.connect(url).info()
        with self.assertRaises(ValueError):
            millrace.connect(url, token="t", user="u")


class Features(WithSources):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.client.execute(
            "CREATE FEATURE VIEW IF NOT EXISTS latest ENTITY KEY (user_id) TIMESTAMP paid_at TTL 1 DAY AS SELECT user_id, n, paid_at FROM clicks EMIT CHANGES;"
        )
        cls.now = int(time.time() * 1000)
        cls.client.insert("clicks", [{"user_id": "f1", "n": 7, "paid_at": cls.now}, {"user_id": "f2", "n": 8, "paid_at": cls.now}])
        for _ in range(100):
            if cls.client.get_online_features(["latest:n"], {"user_id": "f2"}).to_dict()["n"] == [8]:
                return
            time.sleep(0.1)

    def test_features_by_entities_and_by_rows(self) -> None:
        by_entities = self.client.get_online_features(["latest:n"], {"user_id": ["f1", "none", "f2"]})
        by_rows = self.client.get_online_features(["latest:n"], entity_rows=[{"user_id": u} for u in ("f1", "none", "f2")])
        for answer in (by_entities, by_rows):
            self.assertEqual(answer.to_dict(), {"user_id": ["f1", "none", "f2"], "n": [7, None, 8]})
            self.assertEqual(answer.statuses["n"], ["PRESENT", "NOT_FOUND", "PRESENT"])
        self.assertEqual(by_rows.event_timestamps["n"][0], datetime.datetime.fromtimestamp(self.now / 1000, UTC))
        full = self.client.get_online_features(["latest:n"], {"user_id": "f1"}, full_feature_names=True)
        self.assertEqual(full.to_dict(), {"user_id": ["f1"], "latest__n": [7]})
        with self.assertRaises(millrace.ServerError) as caught:
            self.client.get_online_features(["nope:n"], {"user_id": "f1"})
        self.assertEqual(caught.exception.code, "FEATURE_VIEW_NOT_FOUND")
        with self.assertRaises(TypeError):
            self.client.get_online_features("latest:n", {"user_id": "f1"})
        with self.assertRaises(ValueError):
            self.client.get_online_features(["latest:n"])
        with self.assertRaises(ValueError):
            self.client.get_online_features(entities={"user_id": "f1"})

    def test_features_of_a_service(self) -> None:
        self.client.execute("CREATE OR REPLACE FEATURE SERVICE told REQUEST (more INT) FEATURES (latest.n, latest.n + more AS total);")
        for request in ({"request_data": {"more": [1, 2]}}, {"request_data": {"more": (1, 2)}}):
            answer = self.client.get_online_features(feature_service="told", entities={"user_id": ["f1", "f2"]}, **request)
            self.assertEqual(answer.to_dict(), {"user_id": ["f1", "f2"], "N": [7, 8], "TOTAL": [8, 10]})
        self.client.execute("DROP FEATURE SERVICE told;")

    def test_a_training_set_is_awaited_and_told(self) -> None:
        path = os.path.join(os.environ["MILLRACE_TEST_FOLDER"], "told")
        made = self.client.create_training_set(
            f"CREATE OR REPLACE TRAINING SET told WITH (PATH='{path}') AS SELECT c.user_id, c.n FROM clicks c WHERE c.user_id = :user;",
            {"user": "f1"},
        )
        self.assertEqual(made.name, "told")
        self.assertEqual(made.wait(30)["rows"], 1)
        with self.assertRaisesRegex(millrace.MillraceError, "there is no training set nope; there are .*TOLD"):
            self.client.training_set("nope").wait()

    @unittest.skipUnless(has("pandas", "pyarrow"), "pandas and pyarrow are not installed")
    def test_frames_and_tables(self) -> None:
        import pandas
        import pyarrow

        path = os.path.join(os.environ["MILLRACE_TEST_FOLDER"], "frames")
        made = self.client.create_training_set(
            f"CREATE OR REPLACE TRAINING SET frames WITH (PATH='{path}', ROWS_PER_FILE=1) AS SELECT c.user_id AS u, v.n AS n, c.paid_at AS t FROM clicks c "
            "LEFT JOIN latest FOR SYSTEM_TIME AS OF c.paid_at AS v ON c.user_id = v.user_id WHERE c.user_id IN ('f1', 'f2');"
        )
        frame = made.to_pandas(timeout=30).sort_values("U")
        self.assertEqual(frame[["U", "N"]].values.tolist(), [["f1", 7], ["f2", 8]])
        self.assertEqual(made.to_arrow(path).num_rows, 2)
        with self.assertRaisesRegex(millrace.MillraceError, "give path="):
            made.to_arrow(path + "/nowhere")

        features = self.client.get_online_features(["latest:n"], {"user_id": ["f1", "f2"]}).to_pandas()
        self.assertEqual(features.to_dict("list"), {"user_id": ["f1", "f2"], "n": [7, 8]})

        inserted = pandas.DataFrame(
            {
                "k": ["df1", "df2"],
                "i": [1, 2],
                "d": [1.5, float("nan")],
                "ts": pandas.to_datetime(["2024-01-01T00:00:00Z", None]),
                "price": [decimal.Decimal("1.50"), None],
            }
        )
        self.assertEqual(self.client.insert("all_types", inserted), 2)
        table = self.client.query("SELECT * FROM all_types WHERE k LIKE 'df%';").to_arrow()
        self.assertEqual(table.schema.field("PRICE").type, pyarrow.decimal128(6, 2))
        self.assertEqual(table.schema.field("STAMPS").type, pyarrow.map_(pyarrow.string(), pyarrow.timestamp("ms", tz="UTC")))
        read = table.select(["K", "I", "D", "TS", "PRICE"]).to_pylist()
        first = datetime.datetime(2024, 1, 1, tzinfo=UTC)
        self.assertEqual(
            sorted(read, key=lambda row: row["K"]),
            [
                {"K": "df1", "I": 1, "D": 1.5, "TS": first, "PRICE": decimal.Decimal("1.50")},
                {"K": "df2", "I": 2, "D": None, "TS": None, "PRICE": None},
            ],
        )
        frame = self.client.query("SELECT k, i FROM all_types WHERE k LIKE 'df%';").to_pandas()
        self.assertEqual(sorted(frame["I"].tolist()), [1, 2])
        empty = self.client.query("SELECT k, nested FROM all_types WHERE k = 'nobody';").to_arrow()
        self.assertEqual((empty.num_rows, empty.column_names), (0, ["K", "NESTED"]))


class Conversions(unittest.TestCase):
    def test_types_within_types(self) -> None:
        parsed = parse_type("MAP<STRING, ARRAY<STRUCT<`A``, <b` DECIMAL(4, 2), `C` INTEGER>>>")
        struct = parsed.parts[1].parts[0]
        self.assertEqual((struct.names, struct.parts[0].digits, struct.parts[1].kind), (("A`, <b", "C"), (4, 2), "INTEGER"))
        with self.assertRaises(ValueError):
            parse_type("INTEGER>")

    def test_times_are_numbers(self) -> None:
        hour = datetime.timezone(datetime.timedelta(hours=1))
        self.assertEqual(to_json(datetime.datetime(1970, 1, 1, 1, 0, 0, 1500, tzinfo=hour)), 1)
        self.assertEqual(to_json(datetime.datetime(1969, 12, 31, 23, 59, 59, 999000)), -1)
        self.assertEqual(to_json({"a": [datetime.date(1970, 1, 2), float("nan"), -math.inf]}), {"a": [1, "NaN", "-Infinity"]})


if __name__ == "__main__":
    unittest.main()
