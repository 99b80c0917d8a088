"""The page a customer opens without login: where the delivery is, when it comes, and what has happened."""
