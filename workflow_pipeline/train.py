"""Training & Evaluating: a Model and its Metrics. A Kubeflow dashboard compares the Metrics of all runs."""

from kfp import dsl

from workflow_pipeline.images import image


@dsl.component(base_image=image("train"), install_kfp_package=False)
def train(
    training: dsl.Input[dsl.Dataset],
    month: str,
    model: dsl.Output[dsl.Model],
    scores: dsl.Output[dsl.Metrics],
) -> None:
    """Fit the baseline, and score it on the hold-out month."""
    import sklearn

    from churn import train as plain
    from workflow_pipeline.artifacts import lake_of, log_metrics

    with lake_of(inputs={"training": training}, outputs={"model": model}) as lake:
        baseline = plain.train(lake, month)
    log_metrics(scores, baseline.as_dict())
    model.metadata.update(framework=f"scikit-learn {sklearn.__version__}", month=month)
