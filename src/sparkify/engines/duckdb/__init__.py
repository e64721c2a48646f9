"""The warehouse in an embedded DuckDB file."""
