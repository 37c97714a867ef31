"""The web pages: rendered on the server, readable without JavaScript. They call what the JSON API calls."""
