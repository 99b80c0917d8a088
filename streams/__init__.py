"""The pure core: what ShipSync knows about shipments, as functions on plain data.

The way of one event, step by step; each step is ``step.py`` of its folder:

    intake/       raw records of a feed -> canonical carrier events, rejects
    orders/       ERP orders -> claims on shipments, keyed like the carrier events
    identity/     events without a tracking number, claims on references -> the same events with it
    shipments/    carrier events, claims, links -> history, customer updates, milestones, signals, current state
    fulfilment/   delivery milestones -> ERP postings
    alerts/       signals, people's actions, the time -> alerts with their timeline

Beside them: ``feeds/`` (silent feeds, changed payloads), ``norms/`` (usual dwell), ``edi/`` (acknowledgements),
``polling/`` (when to ask a carrier), ``masterdata/``. Below them: ``contracts/`` (one Struct per topic value, ids),
``avro_codec/``, ``kernel/`` (every closed list, errors), ``resilience/``. ``docs/architecture.md`` has the whole map.

Nothing here does I/O, reads a clock, an environment or a random number: the time and every setting
are arguments. Bad data is a value (``Reject``), never an exception that leaves a step.
"""
