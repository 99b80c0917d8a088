"""Messages out to customers: signed webhooks, e-mail, and text to chat and SMS services, one attempt at a time as asked
for.

Reads ``customer.subscriptions.v1``; decides nothing about when, how often and in which order.
"""
