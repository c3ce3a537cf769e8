"""Several agents in one room."""
