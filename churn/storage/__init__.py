"""How tables and models lie on disk: months, atomic writes, model files."""
