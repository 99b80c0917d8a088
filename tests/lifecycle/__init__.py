"""Orders by a script, from the ERP to the invoice, over all stages: does each end in the state it must?"""
