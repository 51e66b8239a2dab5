"""Checks of an export that no single table can answer."""
