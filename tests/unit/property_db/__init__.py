"""The parts of the property database that need no database."""
