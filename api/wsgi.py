"""What the WSGI server loads."""

import os

from api import create_app
from services.processes import die_with_parent
from services.settings import Settings

# A worker of the server would outlive it and keep its port.
die_with_parent(os.getppid())
app = create_app(Settings.from_env())
