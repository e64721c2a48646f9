"""Warehouses as older versions of the program made them."""

from pathlib import Path

from harness.paths import ROOT
from harness.warehouse import Sparkify
from sparkify import sql_queries

WAREHOUSES: Path = ROOT / "tests" / "load" / "warehouses"


def make_older(sparkify: Sparkify, version: int) -> None:
    """Put an older warehouse in the place of the new one."""
    text = (WAREHOUSES / f"version_{version}.sql").read_text(encoding="utf-8")
    text = sql_queries.opened_for(sparkify.engine, text.replace("'bucket/", f"'{sparkify.store}/"))
    if sparkify.engine == "duckdb":
        sparkify.database.unlink()
        sparkify.change(text)
    else:
        sparkify.change(*sql_queries.drop_table_queries("redshift"), *text.split(";\n"))
