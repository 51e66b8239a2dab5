"""The servers: scoring, MLflow's own pages, and a team's tracking server."""
