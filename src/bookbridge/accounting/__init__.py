"""What we talk about: money, dates, references, and one module per data type.

`catalog` lists the data types; `types/` declares them; the other modules are the words they are made of.
Everything here is a pure value or a pure function. This room imports nothing of ours, and must not know
vendors, databases or HTTP.
"""
