"""The documents the API answers with. They hold fields of the topics' values by name, never a stage's own record."""
