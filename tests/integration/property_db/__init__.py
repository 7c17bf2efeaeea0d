"""The property database on SQLite and on PostgreSQL."""
