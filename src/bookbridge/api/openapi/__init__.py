"""The description of our own API: an OpenAPI 3.1 document, and pages for people drawn from it.

One typed row per operation (`rows/`) says what a handler's code cannot say by itself; everything else is read from the
handlers, the record classes and the catalogue. It must not serve anything but descriptions.
"""
