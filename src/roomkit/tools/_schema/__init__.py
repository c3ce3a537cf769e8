"""The parts of the schema validator."""
