"""`python -m batchyard`."""

from batchyard.command import main

main()
