"""psycopg and SQLAlchemy against a node whose port is the first argument."""
import sys, datetime, decimal, psycopg, sqlalchemy
port = sys.argv[1]
with psycopg.connect(f"host=127.0.0.1 port={port} user=ann dbname=millrace") as connection:
    for binary in (False, True):
        cursor = connection.cursor(binary=binary)
        row = cursor.execute("SELECT v, n, x, d, b, y, day, ti, t, a, i, s FROM clicks WHERE k = %s", ("a",)).fetchone()
        assert row == (1, 9007199254740993, 1.5, decimal.Decimal("12.30"), True, b"\x00\xff", datetime.date(2024, 2, 29),
            datetime.time(10, 20, 30), datetime.datetime(2024, 1, 2, 3, 4, 5, 678000, datetime.timezone.utc),
            ["one", "two words", 'q"uote', None], [1, 2], {"P": 1, "Q": "z"}), row
        assert cursor.execute("SELECT k FROM clicks WHERE v = %s AND d = %s", (1, decimal.Decimal("12.30"))).fetchall() == [("a",)]
        assert cursor.execute("SELECT k FROM clicks WHERE t > %s AND v IN (%s, %s)", (row[8] - datetime.timedelta(1), 1, 2)).fetchall() == [("a",)]
    with connection.cursor(name="held") as cursor:
        cursor.itersize = 2
        cursor.execute("SELECT k FROM counts WHERE k <> %s ORDER BY k", ("late",))
        assert [k for k, in cursor] == ["a", "b", "it's"]
engine = sqlalchemy.create_engine(f"postgresql+psycopg://ann@127.0.0.1:{port}/millrace")
inspector = sqlalchemy.inspect(engine)
assert {"CLICKS", "COUNTS", "HOURLY", "mixedCase"} <= set(inspector.get_table_names())
table = sqlalchemy.Table("COUNTS", sqlalchemy.MetaData(), autoload_with=engine)
assert [c.name for c in table.primary_key] == ["K"]
with engine.connect() as connection:
    rows = connection.execute(sqlalchemy.select(table.c.K, table.c.TOTAL).where(table.c.K == "a").limit(1)).all()
    assert rows == [("a", decimal.Decimal("12.30"))], rows
print("done")
