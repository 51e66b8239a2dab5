"""Safety: which model files may be loaded, which code ran, and what a kill or a click in MLflow's pages leaves."""
