"""The property database: tables, rules and content of the property domain. It knows nothing of channels or dialogue."""
