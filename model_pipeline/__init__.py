"""The model pipeline: everything that is fitted lives in one scikit-learn Pipeline, and travels with the model."""
