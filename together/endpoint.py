"""The live endpoint: it serves the version that @champion names, and follows the alias.

MLflow's own scoring server reads the alias once, when it starts. This one asks again every second. A promotion or a
rollback therefore reaches the callers without a restart. When MLflow does not answer, the last model stays.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

from fastapi import FastAPI

from churn.harness.same_origin import HOSTS, SameOriginOnly
from together.engines.routes import router
from together.inside.month import open_registry
from tracking_pipeline.registry import CHAMPION, LoadedModel, aliased, load_champion
from workflow_pipeline.serving.app import name_wrong_fields

SECONDS_BETWEEN_LOOKS = 1.0


class Live:
    """The model that is served, and every version that was served since this server started."""

    def __init__(self) -> None:
        self.model: LoadedModel | None = None
        self.history: list[dict[str, str]] = []
        self.tracking = "not asked yet"

    def look(self) -> None:
        """Ask which version is live, and load it if it is a different one."""
        champion = aliased(CHAMPION)
        self.tracking = "answers"
        if champion is not None and (self.model is None or self.model.version != str(champion.version)):
            self.model = load_champion()
            self.history.append({"version": self.model.version, "since": datetime.now(UTC).isoformat()})


async def follow(live: Live) -> None:
    """Look again and again, in a thread, so that requests are answered meanwhile."""
    while True:
        try:
            await asyncio.to_thread(live.look)
        except Exception as error:  # whatever it is, the last model stays
            live.tracking = f"does not answer as it should ({type(error).__name__}): the last model stays"
            logging.getLogger("uvicorn.error").warning("%s", error)
        await asyncio.sleep(SECONDS_BETWEEN_LOOKS)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    await asyncio.to_thread(open_registry, os.environ["CHURN_EXPERIMENT"])
    app.state.live = Live()
    following = asyncio.create_task(follow(app.state.live))
    yield
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following


app = FastAPI(title="Who will leave next month?", docs_url=None, redoc_url=None, lifespan=lifespan)
app.add_middleware(SameOriginOnly, hosts=HOSTS)
app.add_exception_handler(422, name_wrong_fields)
app.include_router(router)
