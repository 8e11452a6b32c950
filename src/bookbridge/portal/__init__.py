"""Pages for people: Link pages for those who give access to their books, the Portal for those who asked for it.

`app.route_handlers` is the way in. It calls the same rooms as the API, holds no SQL, and never imports the API.
"""
