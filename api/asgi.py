"""What the server loads."""

import os

from api import create_app
from api.gateway import Gateway
from api.quick_predictions import QuickPredictions
from services.processes import die_with_parent
from services.settings import Settings

settings = Settings.from_env()
# A worker of the server would outlive it and keep its port. The parent's number comes from the parent: if it has ended
# already, ours is another process by now.
die_with_parent(settings.api_pid or os.getppid())
flask = create_app(settings)
quick = QuickPredictions(flask.extensions["batchyard"], settings, flask.extensions["batchyard.timings"])
app = Gateway(flask, settings, quick)
