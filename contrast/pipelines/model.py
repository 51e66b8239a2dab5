"""The scikit-learn Pipeline: the model of a run is one file, and the next run writes over it."""

import polars as pl

from contrast.pipelines.pipeline import Script


class Model(Script):
    """Its live model is the file of the last run."""

    name = "model"
    command = ("model_pipeline",)
    environment = "model"
    folders = ("model_pipeline",)
    dies_at = ("/lake/best/.month=", 2)  # the search is done, and its model about to be written

    def ask(self) -> pl.DataFrame:
        """Score the customers with the pipeline's own command for a CSV."""
        customers, answer = self.folder / "question.csv", self.folder / "answer.csv"
        pl.read_parquet(self.question, glob=False).write_csv(customers)
        live = self.runs / "model" / "model.skops"
        done = self.call("-m", "model_pipeline.predict", str(live), str(customers), "--out", str(answer))
        if done.returncode:
            raise RuntimeError(f"model_pipeline.predict failed: {done.stderr}")
        return pl.read_csv(answer).select("customer_id", "churn_probability")
