"""An empty Flask route, the bound of what any Flask application can answer."""

from flask import Flask, request

app = Flask(__name__)


@app.post("/predict")
def predict() -> str:
    """Answer nothing. The body is read: the server closes a connection with an unread one."""
    request.get_data()
    return ""
