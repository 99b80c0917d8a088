"""What tests share: brokers, topics, waiting for a condition."""
