"""The plain script: six functions in one process that starts over every time."""

import polars as pl

from churn.storage.model_file import churn_probability, load_model
from contrast.pipelines.pipeline import Script


class Plain(Script):
    """Its live model is the file of the last run."""

    name = "plain"
    command = ("churn",)
    environment = "plain"
    folders = ()
    dies_at = ("/lake/model/.month=", 2)  # the folder exists, the model is about to be written

    def ask(self) -> pl.DataFrame:
        question = pl.read_parquet(self.question, glob=False)
        model = load_model(self.runs / "plain" / "model.skops")
        return question.select("customer_id", churn_probability=pl.Series(churn_probability(model, question)))
