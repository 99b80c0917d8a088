"""The pure core: what ShipSync knows about shipments, as functions on plain data.

The way of one event, step by step:

    intake.py      raw records of a feed   -> canonical carrier events, rejects
    orders.py      ERP orders + state      -> order references, keyed like the carrier events
    identification.py  events without a number + claims of whose they are -> the same events with it
    shipments.py   carrier events + state  -> history, customer updates, milestones, signals, new state
    fulfilment.py  delivery milestones     -> ERP postings
    feeds.py       feed activity + the time -> signals of silent feeds and drifting contracts
    alerts.py      signals, people's actions + the time -> alerts as they stand, each with its life

Beside them: ``kernel/vocabulary.py`` (every closed list), ``contracts/model.py`` (one Struct per topic value),
``contracts/ids.py`` (deterministic ids), ``avro_codec/compiler.py`` (Avro bytes <-> Structs), ``kernel/errors.py``.

Nothing here does I/O, reads a clock, an environment or a random number: the time and every setting
are arguments. Bad data is a value (``Reject``), never an exception that leaves a step.
"""
