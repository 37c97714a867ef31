"""The spans of requests that submit jobs, where traces are sent. A job's own spans are part of the same trace."""

from flask import Flask, Response, g, request

from services.wiring.api import Api

CONTEXT = ("traceparent", "tracestate")  #: the headers of W3C Trace Context
SUBMITS = {"jobs.submit", "control.retry", "pages.start", "pages.sample", "pages.retry"}  #: endpoints


def register(app: Flask, joined: Api) -> None:
    """Make a span of each such request; without a collector do nothing."""
    spans = joined.request_spans
    if spans is None:
        return

    @app.before_request
    def begin() -> None:
        if request.endpoint in SUBMITS and request.url_rule:
            given = {name: request.headers[name] for name in CONTEXT if name in request.headers}
            g.span = spans.begin(request.method, request.url_rule.rule, given)

    @app.after_request
    def end(response: Response) -> Response:
        if span := g.get("span"):
            span.end(response.status_code, g.request_id)
        return response
