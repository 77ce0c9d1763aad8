"""Messages to values of the core and back, one kind of message a file.

What a message says is checked here, and only here: a reader raises `MessageError` naming topic, field and cause, or
returns a value that is complete and finite. Markers are for display: they are written from values, and never read.
"""
