"""The columns of a table: their types, and how each is encoded."""
