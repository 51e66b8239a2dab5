"""The web application in the serving image: the model is behind POST /predict.

FastAPI checks each request against the types below, and /docs shows the same types to the caller.
"""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import polars as pl
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from churn.harness.same_origin import HOSTS, SameOriginOnly
from churn.storage.model_file import load_model
from churn.tables import CONTRACTS, FEATURES, PLANS, REGIONS

MOST_CUSTOMERS = 1000  # in one request
MOST_BYTES = 1_000_000  # 1,000 customers take 350,000
EXAMPLE: dict[str, Any] = {
    "customer_id": 1,
    "monthly_charge_eur": 29.9,
    "tenure_months": 26,
    "contract_months_left": 10,
    "minutes_per_day": 12.5,
    "data_gb_per_day": 0.8,
    "active_days_share": 0.9,
    "usage_trend": -0.2,
    "tickets_3m": 1,
    "failed_payments_3m": 0,
    "region": "north",
    "plan": "plus",
    "contract": "one_year",
}


def whole(value: object) -> object:
    """Return 3 for 3.0. JSON does not tell the two apart, but a strict pydantic model does."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Share = Annotated[float, Field(ge=0, le=1)]
PerDay = Annotated[float, Field(ge=0, le=1440)]
Count = Annotated[int, Field(ge=0, le=1000), BeforeValidator(whole)]
Region = Literal[*REGIONS]  # type: ignore[valid-type]  # mypy wants the words here, and they are in churn.tables
Plan = Literal[*PLANS]  # type: ignore[valid-type]
Contract = Literal[*CONTRACTS]  # type: ignore[valid-type]


class Strict(BaseModel):
    """Refuse unknown fields, numbers in quotes, and NaN."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


class Customer(Strict):
    """The features of one customer at the end of a month."""  # churn/process.py says how each is computed

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    customer_id: Annotated[int, Field(gt=0, lt=2**53), BeforeValidator(whole)]
    monthly_charge_eur: float = Field(gt=0, le=1000)
    tenure_months: Count
    contract_months_left: Count = Field(description="0 on a monthly contract")
    minutes_per_day: PerDay
    data_gb_per_day: PerDay
    active_days_share: Share = Field(description="days with usage / days of service in the month")
    usage_trend: float = Field(ge=-10, le=10, description="log of minutes per day / those of the two previous months")
    tickets_3m: Count = Field(description="in this month and the two previous ones")
    failed_payments_3m: Count
    region: Region
    plan: Plan
    contract: Contract


class Customers(Strict):
    """The customers to score."""

    customers: list[Customer] = Field(min_length=1, max_length=MOST_CUSTOMERS)


class Prediction(BaseModel):
    """The probability that one customer leaves in the following month."""

    customer_id: int
    churn_probability: float


class Predictions(BaseModel):
    """One prediction per customer, in the order of the request."""

    month: str = Field(description="the month that the model was trained to score", examples=["2025-12"])
    predictions: list[Prediction]


class Health(BaseModel):
    """The state of the service."""

    status: Literal["ok"] = "ok"


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Load the model and its card. The server accepts no request before this is done."""
    folder = Path(os.environ.get("MODEL_FOLDER", "/model"))
    app.state.model = load_model(folder / "model.skops")
    app.state.card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    yield


app = FastAPIOffline(  # FastAPI, with the files of its /docs page in the image instead of on a CDN
    title="Who will leave next month?",
    description="The churn model of one operator. Send the features of its customers to /predict.",
    version="1.0",
    redoc_url=None,
    lifespan=lifespan,
    max_body_size=MOST_BYTES,
)
app.add_middleware(SameOriginOnly, hosts=os.environ.get("ALLOWED_HOSTS", ",".join(HOSTS)).split(","))


@app.exception_handler(RequestValidationError)
async def name_wrong_fields(request: Request, error: RequestValidationError) -> JSONResponse:
    """Answer 422 with each wrong field and the reason.

    FastAPI's own handler also repeats the input. That may be NaN, for which JSON has no word.
    """
    wrong = [{name: field[name] for name in ("loc", "msg", "type")} for field in error.errors()]
    return JSONResponse({"detail": wrong}, status_code=422)


@app.get("/", include_in_schema=False)
async def home() -> RedirectResponse:
    """Show the API page to a person who opens the address in a browser."""
    return RedirectResponse("docs")


@app.get("/health")
async def health() -> Health:
    """Answer ok when the model is loaded."""
    return Health()


@app.get("/model")
async def model(request: Request) -> dict[str, Any]:
    """Describe the model: its month, its scores on the hold-out month, and the digests of its file and data."""
    return request.app.state.card


# `async`, so that FastAPI runs it in the event loop: a thread would wait for the same processor.
@app.post("/predict", responses={400: {"description": "Not JSON"}, 413: {"description": f"Over {MOST_BYTES:,} bytes"}})
async def predict(body: Customers, request: Request) -> Predictions:
    """Predict for each customer the probability of leaving in the following month.

    Send up to 1,000 customers in one request. The predictions come back in the same order.
    If a field is wrong, the answer is 422 and names the field.
    """
    rows = pl.DataFrame([customer.model_dump() for customer in body.customers])
    probabilities = request.app.state.model.predict_proba(rows.select(FEATURES))[:, 1]
    predictions = [
        Prediction(customer_id=customer.customer_id, churn_probability=probability)
        for customer, probability in zip(body.customers, probabilities, strict=True)
    ]
    return Predictions(month=request.app.state.card["month"], predictions=predictions)
