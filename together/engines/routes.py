"""The answers of the endpoint: whether it is there, which version it serves, and probabilities."""

from typing import Any

import polars as pl
from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel

from churn.storage.model_file import churn_probability
from tracking_pipeline.registry import CHAMPION
from workflow_pipeline.serving.app import Customers, Health, Prediction

router = APIRouter()


class Answer(BaseModel):
    """The predictions, in the order of the request, and the version that made them."""

    version: str
    predictions: list[Prediction]


@router.get("/health")
async def health() -> Health:
    """Answer ok when the server is there, even if no model is live yet."""
    return Health()


@router.get("/model")
async def model(request: Request) -> dict[str, Any]:
    """Say which version is served, what was served before, and whether MLflow answers."""
    live = request.app.state.live
    version = live.model.version if live.model else None
    return {"version": version, "history": live.history, "tracking": live.tracking}


@router.post("/predict")
async def predict(body: Customers, request: Request) -> Answer:
    """Predict for each customer the probability of leaving in the following month. Send up to 1,000 customers."""
    served = request.app.state.live.model  # once: it may be replaced while this request is answered
    if served is None:
        raise HTTPException(503, f"no model is live yet: @{CHAMPION} names none")
    rows = pl.DataFrame([customer.model_dump() for customer in body.customers])
    predictions = [
        Prediction(customer_id=customer.customer_id, churn_probability=probability)
        for customer, probability in zip(body.customers, churn_probability(served.estimator, rows), strict=True)
    ]
    return Answer(version=served.version, predictions=predictions)
