"""A real Airflow on this machine: starting it, asking it, backfilling with it."""
