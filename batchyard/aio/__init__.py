"""The client for asyncio: `from batchyard.aio import Client`."""

from batchyard.aio.client import Client as Client
from batchyard.aio.job_future import Job as Job
