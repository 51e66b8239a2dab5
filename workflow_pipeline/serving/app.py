"""The web application inside the serving image: the model behind /predict, and what it is behind /model.

POST /predict   {"customers": [{"customer_id": 1, "plan": "basic", …}, …]}
"""

import json
import os
from pathlib import Path
from typing import Annotated, Any, Literal

import polars as pl
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from churn.storage.model_file import load_model
from churn.tables import FEATURES

MOST_CUSTOMERS = 1000  # in one request
MOST_BYTES = 1_000_000
FOLDER = Path(os.environ.get("MODEL_FOLDER", "/model"))


def whole(value: object) -> object:
    """In JSON 3.0 is an integer, in strict pydantic it is not."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Share = Annotated[float, Field(ge=0, le=1)]
PerDay = Annotated[float, Field(ge=0, le=1440)]
Count = Annotated[int, Field(ge=0, le=1000), BeforeValidator(whole)]


class Strict(BaseModel):
    """No guessing: an unknown field, a number in quotes or a NaN is refused."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


class Customer(Strict):
    """One customer's features at the end of the month; churn/process.py says how each is made."""

    customer_id: Annotated[int, Field(gt=0, lt=2**53), BeforeValidator(whole)]
    monthly_charge_eur: float = Field(gt=0, le=1000)
    tenure_months: Count
    contract_months_left: Count
    minutes_per_day: PerDay
    data_gb_per_day: PerDay
    active_days_share: Share
    usage_trend: float = Field(ge=-10, le=10)
    tickets_3m: Count
    failed_payments_3m: Count
    region: Literal["centre", "east", "north", "south", "west"]
    plan: Literal["basic", "plus", "max"]
    contract: Literal["monthly", "one_year", "two_years"]


class Question(Strict):
    """One customer or many."""

    customers: list[Customer] = Field(min_length=1, max_length=MOST_CUSTOMERS)


class Prediction(BaseModel):
    """The probability that the customer leaves next month."""

    customer_id: int
    churn_probability: float


class Answer(BaseModel):
    """One prediction per customer, in the order of the question."""

    month: str
    predictions: list[Prediction]


class Health(BaseModel):
    """Said only when the model is loaded."""

    status: Literal["ok"] = "ok"


class Refusal(BaseModel):
    """Why a question is not answered; for a bad field: where it is, and what is wrong with it."""

    detail: list[dict[str, Any]] | str


class BodyLimit:
    """Refuses a body over the limit with 413; reads it to its end first, for a client that sends does not listen."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        body, size, more = bytearray(), 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            part, more = message.get("body", b""), message.get("more_body", False)
            size += len(part)
            if size <= MOST_BYTES:
                body += part
        if size > MOST_BYTES:
            refusal = JSONResponse({"detail": f"the body is over {MOST_BYTES:,} bytes: ask in parts"}, 413)
            return await refusal(scope, receive, send)

        whole_body: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def replay() -> Message:
            return whole_body.pop() if whole_body else await receive()

        return await self.app(scope, replay, send)


CARD: dict[str, Any] = json.loads((FOLDER / "card.json").read_text(encoding="utf-8"))
MODEL = load_model(FOLDER / "model.skops")

app = FastAPIOffline(
    title="Who will leave next month?", version=CARD["month"], description=__doc__ or "", redoc_url=None
)
app.add_middleware(BodyLimit)


@app.exception_handler(RequestValidationError)
async def refuse(request: Request, error: RequestValidationError) -> Response:
    """FastAPI's own answer repeats the input, which may be a NaN that JSON cannot say."""
    return JSONResponse(
        {"detail": [{name: one[name] for name in ("loc", "msg", "type")} for one in error.errors()]}, 422
    )


@app.get("/health")
async def health() -> Health:
    return Health()


@app.get("/model")
async def model() -> dict[str, Any]:
    """What is being served: month, scores on the month held out, digests."""
    return CARD


@app.post("/predict", responses={code: {"model": Refusal} for code in (400, 413, 422)})
async def predict(question: Question) -> Answer:
    """In the event loop on purpose: it is all computation, and a thread would only wait for the same core."""
    customers = pl.DataFrame([customer.model_dump() for customer in question.customers])
    probabilities = MODEL.predict_proba(customers.select(FEATURES))[:, 1].tolist()
    ids = [customer.customer_id for customer in question.customers]
    predictions = [Prediction(customer_id=one, churn_probability=p) for one, p in zip(ids, probabilities, strict=True)]
    return Answer(month=CARD["month"], predictions=predictions)
