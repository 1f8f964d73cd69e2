"""The shop's SQLite database: plans, products and delivery zones, with the mess of a real table."""

from __future__ import annotations

import sqlite3
import struct
from pathlib import Path

from slots import CITIES, COLOURS, COUNTRIES, PODS

Json = dict[str, object]
Row = tuple[object, ...]
# What the header says about the SQLite that wrote the file, whichever did.
SQLITE_VERSION = 3_045_001
TABLES = {
    "plans": "plan_id TEXT, name TEXT, podlets_per_month INTEGER, price_per_month REAL, "
    "made_for TEXT, acorns_per_dollar INTEGER, trial_weeks INTEGER",
    "products": "sku TEXT, name TEXT, kind TEXT, price REAL, weight_g INTEGER, "
    "days_to_sprout INTEGER, fits TEXT, warranty_months INTEGER",
    "delivery_zones": "zone_id TEXT, place TEXT, country TEXT, delivered INTEGER, "
    "working_days INTEGER, fee TEXT, free_above REAL, podlets_allowed INTEGER",
}
PLANS: tuple[Row, ...] = (
    ("P-1", "Seedling", 4, 9.0, "Nook", 2, None),
    ("P-2", "Sapling", 9, 17.0, "Terrace", 2, None),
    ("P-3", "Canopy", 20, 31.0, "Orchard", 3, None),
)
DEVICES = (("Nook", 79.0, 1450), ("Terrace", 149.0, 3100), ("Orchard", 249.0, 6400))
OTHERS: tuple[Row, ...] = (
    ("PA-1", "Pump", "part", 11.0, 180, None, "all", 18),
    ("PA-2", "Seal ring", "part", 3.0, 12, None, "all", None),
    ("PA-3", "Lamp", "part", 26.0, 420, None, "its model", 48),
    ("PA-4", "Tank", "part", 19.0, 610, None, "its model", 30),
    ("CA-1", "Leafmilk, 250 ml", "care", 6.5, 280, None, "all", None),
    ("CA-2", "Bungs, bag of 6", "care", 0.0, 25, None, "all", None),
    ("GI-1", "Linen wrap and note", "gift", 5.5, None, None, None, None),
)
SPROUT_DAYS = (5, 10, 8, 12, 6, 14, 11, 16, None, 9, 4, 12, 10, 15, 4)
PODLET_PRICE = 2.75
OUTLIER = "PO-13"


def products() -> list[Row]:
    """List the products: one Podlet costs ten times too much, one row stands there twice."""
    rows: list[Row] = []
    for device, price, weight in DEVICES:
        for colour in COLOURS:
            sku = f"{device[:2].upper()}-{colour.upper()}"
            # Nobody has weighed the clay ones yet.
            grams = None if colour == "clay" else weight
            rows.append((sku, f"{device}, {colour}", "device", price, grams, None, device, 30))
    for place, (pod, days) in enumerate(zip(PODS, SPROUT_DAYS, strict=True), 1):
        sku = f"PO-{place:02d}"
        price = PODLET_PRICE * (10 if sku == OUTLIER else 1)
        rows.append((sku, f"Podlet, {pod}", "podlet", price, 14, days, "all", None))
    rows += OTHERS
    return [*rows, rows[14]]


def delivery_zones() -> list[Row]:
    """List where parcels go; the fee is text, as somebody typed it."""
    rows: list[Row] = [
        (f"US-{place:02d}", city, "US", 1, 3, "4.20", 45.0, 1)
        for place, city in enumerate(sorted(CITIES), 1)
    ]
    for place, country in enumerate(COUNTRIES, 1):
        if country in {"Canada", "New Zealand"}:
            podlets = int(country == "Canada")
            rows.append((f"AB-{place:02d}", None, country, 1, 9, "18", None, podlets))
        else:
            rows.append((f"AB-{place:02d}", None, country, 0, None, None, None, 0))
    return rows


def write_shop(folder: Path) -> Json:
    """Write ``raw/shop.sqlite`` into a folder; the same bytes with any SQLite 3."""
    path = folder / "raw" / "shop.sqlite"
    path.unlink(missing_ok=True)
    rows = {"plans": list(PLANS), "products": products(), "delivery_zones": delivery_zones()}
    base = sqlite3.connect(path, isolation_level=None)
    try:
        base.executescript(
            "PRAGMA page_size=1024; PRAGMA auto_vacuum=NONE; PRAGMA encoding='UTF-8';"
        )
        for table, columns in TABLES.items():
            base.execute(f"CREATE TABLE {table} ({columns})")
            marks = ", ".join("?" * (columns.count(",") + 1))
            base.execute("BEGIN")
            base.executemany(f"INSERT INTO {table} VALUES ({marks})", rows[table])  # noqa: S608
            base.execute("COMMIT")
        base.execute("VACUUM")
    finally:
        base.close()
    data = bytearray(path.read_bytes())
    data[96:100] = struct.pack(">I", SQLITE_VERSION)
    path.write_bytes(bytes(data))
    return {"raw/shop.sqlite": {table: _counts(rows[table]) for table in TABLES}}


def _counts(rows: list[Row]) -> Json:
    prices = {str(row[0]): row[3] for row in rows}
    counts: Json = {
        "rows": len(rows),
        "duplicated_rows": len(rows) - len(set(rows)),
        "missing_values": sum(value is None for row in rows for value in row),
    }
    if prices.get(OUTLIER):
        counts["outliers"] = {OUTLIER: prices[OUTLIER]}
    if any(isinstance(row[5], str) for row in rows):
        counts["numbers_as_text"] = ["fee"]
    return counts
