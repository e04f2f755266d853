"""The only SQL. Rows become frozen dataclasses before they leave this package."""
