"""`python -m data_pipeline.in_dagster.webserver`: dagster-webserver, which answers only to its own pages.

It takes the options of `dagster-webserver`, which has none for this. Dagster's hook for a different web server is a
subclass. Without it, a page of any site could start a run: by a WebSocket, or by an image whose address is a mutation.
"""

from dagster_webserver import app, cli
from dagster_webserver.webserver import DagsterWebserver
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from churn.harness.same_origin import SameOriginOnly


class SameOriginWebserver(DagsterWebserver):
    """Dagster's web server behind a check of Host and Origin, with GraphQL for JSON alone."""

    def build_middleware(self) -> list[Middleware]:
        return [Middleware(SameOriginOnly), *super().build_middleware()]

    async def graphql_http_endpoint(self, request: Request) -> Response:
        """Run a query only from a body of JSON, as Dagster's pages send it, and never from an address."""
        is_page = request.method == "GET" and "text/html" in request.headers.get("accept", "")
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if is_page or (request.method == "POST" and content_type == "application/json"):
            return await super().graphql_http_endpoint(request)
        return PlainTextResponse("send the query as a POST with Content-Type: application/json\n", 415)


if __name__ == "__main__":
    app.DagsterWebserver = SameOriginWebserver
    cli.main()
